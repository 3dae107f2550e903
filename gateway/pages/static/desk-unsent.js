// Calls that are not yet known to be on record. Each is put into this browser's storage before it is sent, and
// taken out when the server says that it is on record; its id makes it one call, however often it is sent.
'use strict';
(() => {
  const { ask, campaign, login } = window.televoteDesk;

  const SECOND = 1000;
  const LONGEST_PAUSE = 30 * SECOND;
  const LONGEST_WAIT = 31 * 24 * 3600 * SECOND;
  const SHELF = `televote-desk/${campaign}/`;

  // `told` hears what becomes of calls: `recorded(call, answer)`, `refused(call, text)` for one that the
  // server will never take as it is, `away(call)` for each that it could not take now, and `changed()`.
  function queue(told) {
    const calls = new Map();
    let sending = false;
    let retry = 0;
    const state = { failures: 0, blocked: '', storage: true };

    const key = (id) => `${SHELF}${login}/${id}`;
    const waiting = () =>
      Array.from(calls.values()).filter((call) => !call.refused).sort((a, b) => a.at - b.at);
    const refused = () => Array.from(calls.values()).filter((call) => call.refused);

    // One entry for each call: two windows of one operator do not write over each other's.
    function shelve(change) {
      try {
        return change();
      } catch (error) {
        state.storage = false;
        return [];
      }
    }

    const shelved = () =>
      shelve(() => Object.keys(localStorage).filter((name) => name.startsWith(SHELF)))
        .map((name) => name.slice(SHELF.length).split('/'));

    function keep(call) {
      calls.set(call.id, call);
      shelve(() => localStorage.setItem(key(call.id), JSON.stringify(call)));
      told.changed();
    }

    function drop(id) {
      calls.delete(id);
      shelve(() => localStorage.removeItem(key(id)));
      told.changed();
    }

    // How many unsent calls of other operators this browser keeps, by login: only they can send them.
    function others() {
      const found = new Map();
      for (const [owner] of shelved()) if (owner !== login) found.set(owner, (found.get(owner) || 0) + 1);
      return found;
    }

    function read(id) {
      try {
        return JSON.parse(localStorage.getItem(key(id)));
      } catch (error) {
        return null;
      }
    }

    // Whether it outlives the page.
    const isSafe = (id) => read(id) !== null;

    function load() {
      for (const [owner, id] of shelved()) {
        if (owner !== login || calls.has(id)) continue;
        const call = read(id);
        if (call && call.id === id) calls.set(id, call);
        else shelve(() => localStorage.removeItem(key(id))); // cut short as it was written, or sent by another window
      }
      waiting().forEach(told.away);
      told.changed();
    }

    async function pump() {
      if (sending) return;
      sending = true;
      clearTimeout(retry);
      let away = false;
      while (!away && waiting().length) away = !(await send(waiting()[0])); // in order: of two votes the first counts
      state.failures = away ? state.failures + 1 : 0;
      sending = false;
      if (away) {
        waiting().forEach(told.away); // the others were not even tried
        const pause = Math.min(LONGEST_PAUSE, SECOND * Math.pow(2, state.failures - 1));
        retry = setTimeout(pump, pause * (0.75 + Math.random() / 2));
      }
      told.changed();
    }

    // Send one call; false if it is still to be sent.
    async function send(call) {
      let response;
      let answer;
      try {
        response = await ask('calls', payload(call));
        answer = await response.json();
      } catch (error) {
        return false;
      }
      if (response.ok) {
        state.blocked = '';
        state.failures = 0;
        drop(call.id);
        told.recorded(call, answer);
        return true;
      }
      state.blocked = obstacle(response.status, answer.error);
      if (state.blocked || response.status >= 500 || response.status === 408) return false;
      const text = answer.text || `${response.status} ${answer.error}`;
      keep(Object.assign({}, call, { refused: text }));
      told.refused(call, text);
      return true;
    }

    function payload(call) {
      const { id, caller, withheld, wish, codes, words, at } = call;
      const waited = Math.min(LONGEST_WAIT, Math.max(0, Math.round(Date.now() - at)));
      return { id, caller, withheld, wish, codes, words, waited_ms: waited };
    }

    // What the operator must see to before anything can be sent, as a key of the catalogue.
    function obstacle(status, error) {
      if (status === 401) return 'sign_in';
      if (error === 'csrf' || error === 'origin') return 'reload';
      return status === 403 ? 'forbidden' : '';
    }

    window.addEventListener('online', pump);
    window.addEventListener('beforeunload', (event) => {
      if (waiting().some((call) => !isSafe(call.id))) event.preventDefault(); // it is nowhere but in this page
    });
    return { state, keep, drop, isSafe, has: (id) => calls.has(id), waiting, refused, others, load, pump };
  }

  window.televoteDesk.queue = queue;
})();

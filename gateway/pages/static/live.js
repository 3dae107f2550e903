// Keeps an open page up to date. Figures change in place, from the stream of events; whatever else
// changes is taken from the page as the server draws it anew. The focus is never moved.
'use strict';
(() => {
  const SECOND = 1000;
  const MINUTE = 60 * SECOND;
  const PARTS = ['status', 'voting', 'results'];

  let source = null;
  let comeBack = 0;
  let change = 0;
  let fetching = false;
  let spoken = 0;
  const owed = new Map();

  const part = (id) => document.getElementById(id);
  const soon = (most) => Math.random() * most; // nobody should ask at the same moment as everybody
  const figure = (n) => n.toLocaleString('en-US');
  const write = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };

  function bars(contest) {
    const table = document.querySelector(`table[data-contest="${CSS.escape(contest.id)}"]`);
    const rows = new Map();
    if (table) for (const row of table.tBodies[0].rows) rows.set(row.dataset.code, row);
    const same = rows.size === contest.candidates.length && contest.candidates.every((candidate) => {
      const row = rows.get(candidate.code);
      return row && row.classList.contains('withdrawn') === Boolean(candidate.withdrawn);
    });
    return same ? { table, rows } : null;
  }

  function fill({ table, rows }, contest) {
    const total = contest.votes;
    const longest = Math.max(1, ...contest.candidates.map((candidate) => candidate.votes));
    contest.candidates.forEach((candidate, place) => {
      const row = rows.get(candidate.code);
      const ranked = candidate.rank !== null && total > 0;
      write(row.querySelector('.rank'), ranked ? String(candidate.rank) : '–');
      write(row.querySelector('.votes'), figure(candidate.votes));
      write(row.querySelector('.share'), `${(100 * candidate.votes / (total || 1)).toFixed(1)}%`);
      row.querySelector('.fill').setAttribute('width', `${(100 * candidate.votes / longest).toFixed(2)}%`);
      const body = table.tBodies[0];
      if (body.rows[place] !== row) body.insertBefore(row, body.rows[place]);
    });
    write(table.closest('.contest').querySelector('.total'), figure(total));
  }

  function show(standings) {
    const found = standings.contests.map(bars);
    if (part('results').dataset.status !== standings.status || found.includes(null)) {
      setTimeout(renew, soon(3 * SECOND));
      return;
    }
    found.forEach((chart, index) => fill(chart, standings.contests[index]));
    const asOf = part('as-of');
    if (asOf.dateTime === standings.as_of) return;
    asOf.dateTime = standings.as_of;
    write(asOf, standings.as_of.slice(0, 19).replace('T', ' '));
    speak(asOf.textContent);
  }

  // A listener is told at most twice a minute: a hall of voices would be worse than none.
  function speak(time) {
    if (Date.now() - spoken < MINUTE / 2) return;
    spoken = Date.now();
    const line = part('spoken');
    write(line, line.dataset.spoken.replace('{time}', time));
  }

  function mark(state) {
    const sign = part('live');
    if (!sign) return;
    sign.hidden = false;
    sign.className = state;
    write(sign, sign.dataset[state]);
  }

  function follow() {
    const address = part('results').dataset.events;
    clearTimeout(comeBack);
    if (source && (!address || source.readyState === EventSource.CLOSED)) {
      source.close();
      source = null;
    }
    if (source || !address) return;
    source = new EventSource(address);
    source.onopen = () => mark('live');
    source.onmessage = (event) => {
      mark('live');
      show(JSON.parse(event.data));
    };
    source.onerror = () => {
      mark('lost');
      // The browser itself comes back after a broken connection, but not after a refusal.
      if (source.readyState === EventSource.CLOSED) comeBack = setTimeout(renew, MINUTE / 2 + soon(MINUTE));
    };
  }

  // The server says when the status changes by itself. Should our clock be ahead, we ask again; and now and
  // then in any case, as a vote may be closed early.
  function expect() {
    const changes = Number(part('results').dataset.changes);
    clearTimeout(change);
    if (!changes) return;
    const wait = changes - Date.now();
    change = setTimeout(renew, Math.min(wait > 0 ? wait : MINUTE, 15 * MINUTE) + 2 * SECOND + soon(5 * SECOND));
  }

  async function renew() {
    if (fetching) return;
    fetching = true;
    try {
      const answer = await fetch(location.pathname + location.search, { cache: 'no-store' });
      if (!answer.ok) throw new Error(String(answer.status));
      const drawn = new DOMParser().parseFromString(await answer.text(), 'text/html');
      PARTS.forEach((id) => replace(part(id), drawn.getElementById(id)));
    } catch (error) {
      comeBack = setTimeout(renew, MINUTE / 2 + soon(MINUTE));
      return;
    } finally {
      fetching = false;
    }
    follow();
    expect();
  }

  function replace(old, drawn) {
    if (!old || !drawn || old.isEqualNode(drawn)) return;
    if (old.contains(document.activeElement)) {
      // Whoever is at a link here keeps it; the part is exchanged when they have moved on.
      if (!owed.has(old)) old.addEventListener('focusout', () => setTimeout(() => settle(old)), { once: true });
      owed.set(old, drawn);
      return;
    }
    for (const details of old.querySelectorAll('details[open]')) {
      const same = drawn.querySelector(`#${CSS.escape(details.id)}`);
      if (same) same.open = true;
    }
    old.replaceWith(document.importNode(drawn, true));
    if (source && source.readyState === EventSource.OPEN) mark('live');
  }

  function settle(old) {
    const drawn = owed.get(old);
    owed.delete(old);
    replace(old, drawn);
  }

  follow();
  expect();
})();

// The operators' desk, by keyboard alone: number, Enter, code, Enter, read it back, Enter.
//
// A call is put into this browser's storage before it is sent, and taken out when the server says that it is
// on record. Its form's id makes it one call, however often it is sent. Nothing but Enter records anything.
'use strict';
(() => {
  const SECOND = 1000;
  const LONGEST_WAIT = 31 * 24 * 3600 * SECOND;
  const ANSWER_WITHIN = 10 * SECOND;
  const LONGEST_PAUSE = 30 * SECOND;
  const SHOWN = 8;

  const part = (id) => document.getElementById(id);
  const desk = part('desk');
  const words = JSON.parse(desk.dataset.words);
  const { campaign, login } = desk.dataset;
  const form = part('call');
  const caller = part('caller');
  const pick = part('pick');
  const noted = part('words');
  const options = Array.from(desk.querySelectorAll('.choices li'));
  const ballots = Array.from(desk.querySelectorAll('.ballot'));

  document.documentElement.classList.add('scripted');

  const say = (key, values) =>
    words[key].replace(/\{(\w+)\}/g, (all, name) => (values && name in values ? values[name] : all));
  const write = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };
  const folded = (text) => text.normalize('NFKC').trim();
  const plain = (text) => folded(text).toUpperCase().replace(/[-_. ]/g, '').replace(/(^|[A-Z])0+(?=\d)/g, '$1');
  function make(tag, className, text) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  }
  function freshId() {
    // crypto.randomUUID is missing where the page comes by plain HTTP.
    const bytes = crypto.getRandomValues(new Uint8Array(18));
    return btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_');
  }
  function masked(number) {
    const digits = folded(number).replace(/\D/g, '');
    return digits.length < 8 ? '****' : `${digits.slice(0, 3)}****${digits.slice(-4)}`;
  }

  // ---- the call being taken --------------------------------------------------------------------------

  let taking = {};
  let last = null; // the number before, for F4
  let active = null;

  function begin() {
    taking = { wish: 'vote', withheld: false, chosen: [] };
    caller.value = pick.value = noted.value = '';
    forget();
    draw();
  }

  function draw() {
    const spoken = taking.wish === 'spoken';
    part('words-field').classList.toggle('plain', !spoken);
    part('pick-field').hidden = taking.wish !== 'vote';
    caller.disabled = taking.withheld;
    for (const [key, on] of [['F6', taking.wish === 'misdialled'], ['F7', taking.withheld], ['F8', spoken]]) {
      desk.querySelector(`[data-key="${key}"]`).setAttribute('aria-pressed', String(on));
    }
    if (taking.withheld) write(part('standing'), words.withheld);
    drawChosen();
    drawBallots();
    filter();
    readBack();
  }

  function drawChosen() {
    const list = part('chosen');
    list.textContent = '';
    taking.chosen.forEach((one, place) => {
      const button = make('button', one.option && !one.gone ? 'quiet small' : 'quiet small doubtful');
      button.type = 'button';
      button.append(make('strong', '', one.code), ` ${one.name} ×`);
      button.setAttribute('aria-label', `${words.remove} ${one.code} ${one.name}`);
      button.addEventListener('click', () => {
        taking.chosen.splice(place, 1);
        draw();
        pick.focus();
      });
      const item = make('li');
      item.append(button);
      list.append(item);
    });
  }

  const inBallot = (ballot) => taking.chosen.filter((one) => one.option && ballot.contains(one.option)).length;

  function drawBallots() {
    for (const option of options) {
      const on = taking.chosen.some((one) => one.option === option);
      option.classList.toggle('taken', on);
      option.setAttribute('aria-selected', String(on));
    }
    for (const ballot of ballots) {
      const made = inBallot(ballot);
      ballot.classList.toggle('over', made > Number(ballot.dataset.max));
      ballot.classList.toggle('full', made > 0 && made === Number(ballot.dataset.max));
    }
  }

  function warnings() {
    const found = [];
    for (const ballot of ballots) {
      const made = inBallot(ballot);
      const contest = ballot.dataset.name;
      if (made > Number(ballot.dataset.max)) found.push(say('warn_over', { contest }));
      else if (made > 0 && made < Number(ballot.dataset.min)) found.push(say('warn_under', { contest }));
    }
    for (const one of taking.chosen) {
      if (one.gone) found.push(say('warn_withdrawn', one));
      if (!one.option) found.push(say('warn_unknown', one));
    }
    return found;
  }

  function readBack() {
    const list = part('warnings');
    list.textContent = '';
    if (taking.wish === 'vote') for (const text of warnings()) list.append(make('li', '', text));
    write(part('readback'), lineToSay());
  }

  function lineToSay() {
    if (taking.wish === 'misdialled') return words[again ? 'again_missing' : 'readback_misdialled'];
    if (taking.wish === 'spoken') return words.readback_spoken;
    const digits = folded(caller.value).replace(/\D/g, '');
    if (!digits && !taking.withheld) return words.ask_number;
    if (!taking.chosen.length) return words.ask_choice;
    const who = taking.withheld ? words.caller_withheld : say('caller_tail', { tail: digits.slice(-4) });
    const choices = taking.chosen.map((one) =>
      one.option ? say('choice', { contest: one.contest, code: one.code, name: one.name }) : say('choice_unknown', one));
    return say('readback', { caller: who, choices: choices.join(words.joined) });
  }

  // ---- finding a candidate ---------------------------------------------------------------------------

  // How well a candidate fits what was typed, 0 best; null if not at all.
  function fit(option, typed) {
    const code = plain(typed);
    const text = folded(typed).toLowerCase();
    const { dataset } = option;
    if (dataset.plain === code) return 0;
    if (code && (dataset.number === code || dataset.keypad === code)) return 1;
    if (code && dataset.plain.startsWith(code)) return 2;
    const names = dataset.find.split('|');
    if (names.some((name) => name.startsWith(text))) return 3;
    if (code && /^\d+$/.test(code) && dataset.number.startsWith(code)) return 4;
    return names.some((name) => name.includes(text)) ? 5 : null;
  }

  // Best first; among equals, contests that still have room go before, so that 3 Enter 5 Enter fills two.
  function matches() {
    const typed = folded(pick.value);
    if (!typed) return [];
    return options
      .map((option, place) => ({ option, place, fit: fit(option, typed) }))
      .filter((one) => one.fit !== null)
      .sort((a, b) => a.fit - b.fit || room(a.option) - room(b.option) || a.place - b.place)
      .map((one) => one.option);
  }

  function room(option) {
    const ballot = option.closest('.ballot');
    return inBallot(ballot) < Number(ballot.dataset.max) ? 0 : 1;
  }

  function filter() {
    const found = matches();
    const typed = folded(pick.value) !== '';
    for (const option of options) option.hidden = typed && found.length > 0 && !found.includes(option);
    mark(found.length ? found[0] : null);
    const hint = part('pick-said');
    const nobody = typed && !found.length && !isCode(pick.value);
    hint.classList.toggle('wrong', nobody);
    write(hint.firstElementChild, nobody ? words.none_found : hint.dataset.usual);
  }

  function mark(option) {
    if (active) active.classList.remove('active');
    active = option;
    if (!option) {
      pick.removeAttribute('aria-activedescendant');
      return;
    }
    option.classList.add('active');
    pick.setAttribute('aria-activedescendant', option.id);
    option.scrollIntoView({ block: 'nearest' });
  }

  function move(step) {
    const shown = options.filter((option) => !option.hidden);
    const place = shown.indexOf(active);
    mark(shown[place < 0 ? (step > 0 ? 0 : shown.length - 1) : (place + step + shown.length) % shown.length]);
  }

  // Somebody may name a code that nobody has: it is taken down as it was said.
  const isCode = (text) => /^(?=.*\d)[A-Z0-9][A-Z0-9._-]{0,15}$/.test(folded(text).toUpperCase());

  function take() {
    const typed = folded(pick.value);
    if (active) choose(active);
    else if (typed && isCode(typed)) add({ code: typed.toUpperCase(), name: '', option: null, gone: false });
    else return;
    pick.value = '';
    draw();
  }

  function choose(option) {
    const ballot = option.closest('.ballot');
    const { code, name } = option.dataset;
    add({ code, name, option, contest: ballot.dataset.name, gone: option.classList.contains('gone') });
  }

  function add(one) {
    if (!taking.chosen.some((other) => other.code === one.code)) taking.chosen.push(one);
  }

  // What ends one choice: a blank or comma, also a full-width one, also in a text that was pasted.
  function separate() {
    const pieces = pick.value.normalize('NFKC').split(/[\s,、;+/]+/);
    if (pieces.length < 2) return;
    const rest = pieces.pop();
    for (const piece of pieces) {
      pick.value = piece;
      filter();
      if (piece) take();
      if (pick.value) return; // nobody was found: it stays, to be looked at
    }
    pick.value = rest;
  }

  // ---- the number ------------------------------------------------------------------------------------

  let asked = 0;
  let asking = 0;

  function lookSoon() {
    clearTimeout(asking);
    const typed = caller.value;
    asked += 1;
    if (folded(typed).replace(/\D/g, '').length < 3) {
      showNumber(null);
      return;
    }
    const number = asked;
    asking = setTimeout(async () => {
      let answer = null;
      try {
        const response = await post('caller', { caller: typed });
        if (response.ok) answer = await response.json();
      } catch (error) {
        answer = null;
      }
      if (number === asked) showNumber(answer || { standing: 'unasked', shown: words.not_looked, earlier: null });
    }, 180);
  }

  // The number is another: what was asked about the one before is of no interest when it comes.
  function forget() {
    clearTimeout(asking);
    asked += 1;
    showNumber(null);
  }

  function showNumber(answer) {
    const standing = part('standing');
    const earlier = part('earlier');
    standing.classList.toggle('wrong', Boolean(answer) && answer.standing === 'invalid');
    write(standing, answer ? answer.shown : '');
    earlier.textContent = '';
    if (!answer || answer.standing !== 'known') return;
    if (!answer.earlier.length) {
      earlier.textContent = words.earlier_none;
      return;
    }
    earlier.append(words.earlier);
    answer.earlier.forEach((one, place) => {
      if (place) earlier.append(words.joined);
      earlier.append(make('span', `mark-${one.tone}`, `${one.at} ${one.channel} ${one.words}`));
    });
  }

  // ---- recording -------------------------------------------------------------------------------------

  function record() {
    if (!taking.withheld && !folded(caller.value) && !(again && taking.wish === 'misdialled')) {
      caller.focus();
      return;
    }
    if (taking.wish === 'vote' && !taking.chosen.length) {
      pick.focus();
      return;
    }
    if (taking.wish === 'spoken' && !folded(noted.value)) {
      noted.focus();
      return;
    }
    const call = {
      id: freshId(),
      caller: taking.withheld ? '' : caller.value,
      withheld: taking.withheld,
      wish: taking.wish,
      codes: taking.wish === 'vote' ? taking.chosen.map((one) => one.code) : [],
      words: taking.wish === 'spoken' ? noted.value : '',
      at: Date.now(),
    };
    if (again) {
      enterAgain(call);
      return;
    }
    last = { caller: call.caller, withheld: call.withheld };
    keep(call);
    begin();
    caller.focus();
    announce({ tone: 'none', heading: words.sending, number: numberOf(call), choices: [], say: '' });
    line({ id: call.id, tone: 'none', time: clockTime(), number: numberOf(call), entered: enteredOf(call), heading: words.sending, undone: '', undo_ms: 0 });
    pump();
  }

  const numberOf = (call) => (call.withheld ? words.withheld_short : masked(call.caller));
  const enteredOf = (call) =>
    call.wish === 'vote' ? call.codes.join(' ') : words[call.wish === 'spoken' ? 'spoken_short' : 'misdialled_short'];
  const clockTime = () => new Date().toTimeString().slice(0, 5);

  // ---- calls that are not yet known to be on record --------------------------------------------------

  const SHELF = `televote-desk/${campaign}/`;
  const unsent = new Map();
  let storage = true;
  let sending = false;
  let failures = 0;
  let retry = 0;
  let blocked = '';

  function keep(call) {
    unsent.set(call.id, call);
    try {
      localStorage.setItem(`${SHELF}${login}/${call.id}`, JSON.stringify(call));
    } catch (error) {
      storage = false;
    }
    showQueue();
  }

  function drop(id) {
    unsent.delete(id);
    try {
      localStorage.removeItem(`${SHELF}${login}/${id}`);
    } catch (error) {
      storage = false;
    }
    showQueue();
  }

  function stored() {
    try {
      return Object.keys(localStorage).filter((key) => key.startsWith(SHELF));
    } catch (error) {
      storage = false;
      return [];
    }
  }

  function load() {
    for (const key of stored()) {
      const [owner, id] = key.slice(SHELF.length).split('/');
      if (owner !== login || unsent.has(id)) continue;
      try {
        unsent.set(id, JSON.parse(localStorage.getItem(key)));
      } catch (error) {
        localStorage.removeItem(key); // cut short while it was written: it was not recorded on screen either
      }
    }
    showQueue();
  }

  const waiting = () =>
    Array.from(unsent.values()).filter((call) => !call.refused).sort((a, b) => a.at - b.at);

  function showQueue() {
    const calls = waiting();
    const lines = [];
    if (blocked) lines.push(words[blocked]);
    if (calls.length && (failures || blocked)) {
      lines.unshift(say('unsent', { n: calls.length }));
      if (!blocked) lines.push(words.unsent_text);
    }
    if (!storage) lines.push(words.no_storage);
    const others = new Map();
    for (const key of stored()) {
      const owner = key.slice(SHELF.length).split('/')[0];
      if (owner !== login) others.set(owner, (others.get(owner) || 0) + 1);
    }
    others.forEach((n, owner) => lines.push(say('other_unsent', { login: owner, n })));
    const box = part('queue');
    box.hidden = !lines.length;
    write(box, lines.join(' '));
    if (blocked === 'sign_in') box.append(' ', signInLink());
    showRefused();
  }

  function signInLink() {
    const link = make('a', '', words.sign_in_link);
    link.href = `/signin?next=${location.pathname}`;
    return link;
  }

  // What the server will never take stays until the operator has looked at it.
  function showRefused() {
    const list = part('kept');
    const calls = Array.from(unsent.values()).filter((call) => call.refused);
    list.hidden = !calls.length;
    list.textContent = '';
    for (const call of calls) {
      const item = make('li', '', `${numberOf(call)} ${enteredOf(call)}: ${say('refused', { text: call.refused })} `);
      const button = make('button', 'quiet small', words.take_up);
      button.type = 'button';
      button.addEventListener('click', () => takeUp(call));
      item.append(button);
      list.append(item);
    }
  }

  function takeUp(call) {
    begin();
    taking.wish = call.wish;
    taking.withheld = call.withheld;
    caller.value = call.caller;
    noted.value = call.words;
    for (const code of call.codes) {
      const option = options.find((one) => one.dataset.code === code);
      if (option) choose(option);
      else add({ code, name: '', option: null, gone: false });
    }
    drop(call.id);
    draw();
    lookSoon();
    caller.focus();
  }

  async function pump() {
    if (sending) return;
    sending = true;
    clearTimeout(retry);
    let away = false;
    while (!away && waiting().length) away = !(await send(waiting()[0]));
    failures = away ? failures + 1 : 0;
    sending = false;
    if (away) {
      const pause = Math.min(LONGEST_PAUSE, SECOND * Math.pow(2, failures - 1));
      retry = setTimeout(pump, pause * (0.75 + Math.random() / 2));
    } else {
      dueSoon();
    }
    showQueue();
  }

  // Send one call; false if the server could not be asked, or cannot take it now.
  async function send(call) {
    let response;
    let answer;
    try {
      const waited = Math.min(LONGEST_WAIT, Math.max(0, Math.round(Date.now() - call.at)));
      const { id, withheld, wish, codes } = call;
      response = await post('calls', { id, caller: call.caller, withheld, wish, codes, words: call.words, waited_ms: waited });
      answer = await response.json();
    } catch (error) {
      setBack(call);
      return false;
    }
    if (response.ok) {
      blocked = '';
      failures = 0;
      drop(call.id);
      answer.until = Date.now() + answer.undo_ms;
      announce(answer);
      line(answer);
      chime(answer.tone);
      return true;
    }
    if (response.status === 401) blocked = 'sign_in';
    else if (answer.error === 'csrf' || answer.error === 'origin') blocked = 'reload';
    else if (response.status === 403) blocked = 'forbidden';
    else if (response.status < 500 && response.status !== 408) {
      keep(Object.assign({}, call, { refused: answer.text || `${response.status} ${answer.error}` }));
      line({ id: call.id, tone: 'bad', time: clockTime(), number: numberOf(call), entered: enteredOf(call), heading: answer.text || answer.error, undone: '', undo_ms: 0 });
      announce({ tone: 'bad', heading: say('refused', { text: '' }), number: numberOf(call), choices: [], say: answer.text || '' });
      chime('bad');
      return true;
    }
    setBack(call);
    return false;
  }

  function setBack(call) {
    line({ id: call.id, tone: 'wait', time: clockTime(), number: numberOf(call), entered: enteredOf(call), heading: words.unsent_kept, undone: '', undo_ms: 0 });
    if (part('outcome').dataset.id === call.id || part('outcome').classList.contains('none')) {
      announce({ tone: 'wait', heading: words.unsent_kept, number: numberOf(call), choices: [], say: words.unsent_text });
    }
  }

  function post(where, value) {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), ANSWER_WITHIN);
    const done = () => clearTimeout(timer);
    const request = fetch(`/operator/${campaign}/${where}`, {
      method: 'POST',
      headers: {
        Accept: 'application/json',
        'Content-Type': 'application/json',
        'X-CSRF-Token': document.querySelector('meta[name="csrf"]').content,
      },
      body: JSON.stringify(value),
      credentials: 'same-origin',
      cache: 'no-store',
      signal: stop.signal,
    });
    request.then(done, done);
    return request;
  }

  // ---- what became of it -----------------------------------------------------------------------------

  function announce(ended) {
    const box = part('outcome');
    box.className = `outcome ${ended.tone}`;
    write(box.querySelector('.heading'), ended.heading);
    write(box.querySelector('.from'), ended.number);
    write(box.querySelector('.say'), ended.say);
    const list = box.querySelector('.parts');
    list.textContent = '';
    for (const one of ended.choices) list.append(make('li', '', `${one.code} ${one.name}: ${one.words}`));
  }

  function line(one) {
    const list = part('latest');
    let item = list.querySelector(`[data-id="${one.id}"]`);
    if (!item) {
      item = make('li');
      item.dataset.id = one.id;
      list.prepend(item);
      while (list.children.length > SHOWN) list.lastElementChild.remove();
    }
    item.className = one.undone ? `${one.tone} undone` : one.tone;
    item.dataset.until = one.until || 0;
    item.textContent = '';
    item.append(
      make('time', '', one.time.length > 5 ? one.time.slice(11, 16) : one.time), ' ',
      make('span', 'from', one.number), ' ',
      make('span', 'entered', one.entered), ' ',
      make('span', 'ended', one.undone ? words.undone : one.heading));
    part('no-calls').hidden = true;
  }

  // Tones are ours, made on the spot; until the first key, a browser lets no page be heard.
  const TUNES = { good: [880, 1175], again: [587, 587], wait: [659], bad: [247, 196] };
  let audio = null;
  let sounding = remembered('sound') === 'on';

  function remembered(key) {
    try {
      return localStorage.getItem(`televote-desk:${key}`);
    } catch (error) {
      return null;
    }
  }

  function chime(tone) {
    if (!sounding || !TUNES[tone]) return;
    audio = audio || new AudioContext();
    TUNES[tone].forEach((hertz, place) => {
      const start = audio.currentTime + 0.13 * place;
      const pitch = audio.createOscillator();
      const volume = audio.createGain();
      pitch.frequency.value = hertz;
      volume.gain.setValueAtTime(0.12, start);
      volume.gain.exponentialRampToValueAtTime(0.001, start + 0.12);
      pitch.connect(volume).connect(audio.destination);
      pitch.start(start);
      pitch.stop(start + 0.13);
    });
  }

  function showSound() {
    const button = part('sound');
    button.setAttribute('aria-pressed', String(sounding));
    write(button, words[sounding ? 'sound_on' : 'sound_off']);
  }

  // ---- taking a call back ----------------------------------------------------------------------------

  let undoing = null;
  let counting = 0;

  function hint(text) {
    announce({ tone: 'none', heading: text, number: '', choices: [], say: '' });
  }

  function openUndo() {
    const newest = part('latest').querySelector('li:not(.undone)');
    if (!newest) return hint(words.undo_none);
    if (unsent.has(newest.dataset.id)) return hint(words.undo_unsent);
    if (Number(newest.dataset.until) <= Date.now()) return hint(words.undo_late);
    undoing = newest;
    const told = (name) => newest.querySelector(name).textContent;
    write(part('undo-call'), `${told('.from')} ${told('.entered')}: ${told('.ended')}`);
    write(part('undo-said'), '');
    part('undo-note').value = '';
    part('undo').showModal();
    part('undo').querySelector('input[name=reason]:checked').focus();
    countDown();
    return undefined;
  }

  function countDown() {
    clearTimeout(counting);
    if (!part('undo').open) return;
    const left = Math.max(0, Math.ceil((Number(undoing.dataset.until) - Date.now()) / SECOND));
    write(part('undo-left'), left ? say('undo_left', { n: left }) : words.undo_late);
    counting = setTimeout(countDown, SECOND);
  }

  async function undo() {
    const box = part('undo');
    const reason = box.querySelector('input[name=reason]:checked').value;
    let answer;
    try {
      const response = await post('undo', { id: undoing.dataset.id, reason, note: part('undo-note').value });
      answer = await response.json();
      if (!response.ok) throw new Error(answer.text || words.undo_failed);
    } catch (error) {
      write(part('undo-said'), answer && answer.text ? answer.text : words.undo_failed);
      return;
    }
    box.close();
    line(answer);
    announce({ tone: 'again', heading: words.undone, number: answer.number, choices: [], say: words.undone_say });
    caller.focus();
  }

  // ---- entering a call of another operator's again ---------------------------------------------------

  let again = null;
  let dueTimer = 0;

  async function due() {
    const response = await fetch(`/operator/${campaign}/again`, { headers: { Accept: 'application/json' }, cache: 'no-store' });
    if (!response.ok) throw new Error(String(response.status));
    return response.json();
  }

  function dueSoon() {
    if (desk.dataset.reenters !== 'yes') return;
    clearTimeout(dueTimer);
    dueTimer = setTimeout(async () => {
      try {
        const answer = await due();
        part('due').hidden = !answer.due;
        write(part('due'), answer.due ? say('again_due', { n: answer.due }) : '');
      } catch (error) {
        part('due').hidden = true;
      }
      dueTimer = setTimeout(dueSoon, 60 * SECOND);
    }, SECOND / 2);
  }

  async function startAgain() {
    let answer;
    try {
      answer = await due();
    } catch (error) {
      return hint(words.undo_failed);
    }
    if (!answer.due) return hint(words.again_none);
    again = answer;
    form.classList.add('again');
    part('again').hidden = false;
    write(part('again'), say('again_call', answer));
    begin();
    caller.focus();
    return undefined;
  }

  function endAgain() {
    again = null;
    form.classList.remove('again');
    part('again').hidden = true;
  }

  async function enterAgain(call) {
    const value = { call: again.call, missing: call.wish === 'misdialled' };
    try {
      const response = await post('again', Object.assign({}, call, value));
      const answer = await response.json();
      if (!response.ok && response.status !== 409) throw new Error(answer.text || '');
      announce({ tone: 'good', heading: response.ok ? words.again_done : answer.text, number: '', choices: [], say: response.ok ? words.again_done_say : '' });
    } catch (error) {
      hint(error.message || words.undo_failed);
      return;
    }
    endAgain();
    begin();
    caller.focus();
    dueSoon();
  }

  // ---- keys ------------------------------------------------------------------------------------------

  function wish(kind) {
    taking.wish = taking.wish === kind ? 'vote' : kind;
    draw();
    if (!taking.withheld && !folded(caller.value) && !(again && kind === 'misdialled')) caller.focus();
    else if (taking.wish === 'spoken') noted.focus();
    else if (taking.wish === 'vote') pick.focus();
    else part('record').focus();
  }

  function withhold() {
    taking.withheld = !taking.withheld;
    if (taking.withheld) caller.value = '';
    forget();
    draw();
    (taking.withheld ? (taking.wish === 'spoken' ? noted : pick) : caller).focus();
  }

  const KEYS = {
    F2: () => {
      endAgain();
      begin();
      caller.focus();
    },
    F4: () => {
      if (!last) return hint(words.last_none);
      taking.withheld = last.withheld;
      caller.value = last.caller;
      draw();
      lookSoon();
      return (last.withheld ? pick : caller).focus();
    },
    F6: () => wish('misdialled'),
    F7: withhold,
    F8: () => wish('spoken'),
    F9: openUndo,
    F10: () => (desk.dataset.reenters === 'yes' ? startAgain() : undefined),
    Escape: () => {
      endAgain();
      begin();
      caller.focus();
    },
    '?': () => part('help').showModal(),
  };

  function inDialog(event) {
    const box = part('undo');
    if (!box.open || event.target === part('undo-note')) return;
    const reasons = box.querySelectorAll('input[name=reason]');
    const place = Number(folded(event.key)) - 1;
    if (reasons[place]) {
      reasons[place].checked = true;
      reasons[place].focus();
      event.preventDefault();
    }
  }

  document.addEventListener('keydown', (event) => {
    if (event.isComposing || event.keyCode === 229) return; // an input method is at work: its keys are its own
    if (document.querySelector('dialog[open]')) {
      if (/^F\d/.test(event.key)) event.preventDefault();
      inDialog(event);
      return;
    }
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const key = event.key === '？' ? '?' : event.key;
    if (key === '?' && event.target === noted) return;
    if (Object.prototype.hasOwnProperty.call(KEYS, key)) {
      event.preventDefault();
      if (!event.repeat) KEYS[key]();
    } else if (event.target === pick) {
      onPick(event, key);
    } else if (event.target === caller && key === 'Enter') {
      event.preventDefault();
      if (!event.repeat && folded(caller.value)) next();
    } else if (event.target === noted && key === 'Enter') {
      event.preventDefault();
      if (!event.repeat) record();
    }
  });

  // From the number to what comes next: the choices, the caller's words, or the end of it.
  function next() {
    if (taking.wish === 'vote') pick.focus();
    else if (taking.wish === 'spoken') noted.focus();
    else record();
  }

  function onPick(event, key) {
    if (key === 'Enter') {
      event.preventDefault();
      if (event.repeat) return;
      if (folded(pick.value) || active) take();
      else record();
    } else if (key === ' ' && folded(pick.value)) {
      event.preventDefault();
      take();
    } else if (key === 'ArrowDown' || key === 'ArrowUp') {
      event.preventDefault();
      move(key === 'ArrowDown' ? 1 : -1);
    } else if (key === 'Backspace' && !pick.value && taking.chosen.length) {
      event.preventDefault();
      taking.chosen.pop();
      draw();
    }
  }

  function onTyped(event) {
    if (event.isComposing) return;
    separate();
    filter();
    readBack();
  }

  pick.addEventListener('input', onTyped);
  pick.addEventListener('compositionend', onTyped);
  for (const kind of ['input', 'compositionend']) {
    caller.addEventListener(kind, (event) => {
      if (event.isComposing) return;
      lookSoon();
      readBack();
    });
  }
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (folded(pick.value)) take();
    else record();
  });
  desk.addEventListener('click', (event) => {
    const option = event.target.closest('.choices li');
    if (!option) return;
    const place = taking.chosen.findIndex((one) => one.option === option);
    if (place < 0) choose(option);
    else taking.chosen.splice(place, 1);
    pick.value = '';
    draw();
    pick.focus();
  });
  for (const button of document.querySelectorAll('[data-key]')) {
    button.addEventListener('click', () => KEYS[button.dataset.key]());
  }
  for (const button of document.querySelectorAll('[data-close]')) {
    button.addEventListener('click', () => button.closest('dialog').close());
  }
  for (const box of document.querySelectorAll('dialog')) {
    box.addEventListener('close', () => caller.focus());
  }
  part('undo').querySelector('form').addEventListener('submit', (event) => {
    event.preventDefault();
    undo();
  });
  part('sound').addEventListener('click', () => {
    sounding = !sounding;
    try {
      localStorage.setItem('televote-desk:sound', sounding ? 'on' : 'off');
    } catch (error) {
      storage = false;
    }
    showSound();
    chime('good');
    caller.focus();
  });
  window.addEventListener('online', pump);

  // ---- begin -----------------------------------------------------------------------------------------

  for (const list of desk.querySelectorAll('.choices')) {
    list.setAttribute('role', 'listbox');
    list.setAttribute('aria-multiselectable', 'true');
    for (const item of list.children) item.setAttribute('role', 'option');
  }
  pick.setAttribute('role', 'combobox');
  pick.setAttribute('aria-expanded', 'true');
  pick.setAttribute('aria-autocomplete', 'list');
  pick.setAttribute('aria-controls', ballots.map((ballot) => `list-${ballot.dataset.contest}`).join(' '));
  part('pick-said').dataset.usual = part('pick-said').firstElementChild.textContent;
  for (const item of part('latest').children) item.dataset.until = Date.now() + Number(item.dataset.undo);
  begin();
  showSound();
  load();
  for (const call of waiting()) setBack(call);
  pump();
})();

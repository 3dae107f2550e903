// The operators' desk, by keyboard alone: number, Enter, code, Enter, read it back, Enter. Nothing but Enter
// records anything. The other desk-*.js come first, and say what they are for.
'use strict';
(() => {
  const {
    part, words, say, write, make, folded, digits, freshId, options, ballots, matches, isCode, queue, lookSoon, forget,
    announce, line, lineOf, numberOf, chime, showQueue, showRefused, openUndo, lookForDue, startAgain, endAgain, enterAgain, isAgain,
  } = window.televoteDesk;

  const caller = part('caller');
  const pick = part('pick');
  const noted = part('words');

  // ---- the call being taken --------------------------------------------------------------------------

  let taking = {};
  let last = null; // the number before, for F4
  let active = null; // the candidate that Enter would take

  function begin() {
    taking = { wish: 'vote', withheld: false, chosen: [] };
    caller.value = pick.value = noted.value = '';
    forget();
    draw();
    caller.focus();
  }

  function draw() {
    const spoken = taking.wish === 'spoken';
    part('words-field').classList.toggle('plain', !spoken);
    part('pick-field').hidden = taking.wish !== 'vote';
    caller.disabled = taking.withheld;
    for (const [key, on] of [['F6', taking.wish === 'misdialled'], ['F7', taking.withheld], ['F8', spoken]]) {
      part('call').querySelector(`[data-key="${key}"]`).setAttribute('aria-pressed', String(on));
    }
    if (taking.withheld) write(part('standing'), words.withheld);
    drawChosen();
    drawBallots();
    filter();
    readBack();
  }

  function drawChosen() {
    part('chosen').textContent = '';
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
      part('chosen').append(item);
    });
  }

  const inBallot = (ballot) => taking.chosen.filter((one) => one.option && ballot.contains(one.option)).length;
  const most = (ballot) => Number(ballot.dataset.max);

  function drawBallots() {
    for (const option of options) {
      const on = taking.chosen.some((one) => one.option === option);
      option.classList.toggle('taken', on);
      option.setAttribute('aria-selected', String(on));
    }
    for (const ballot of ballots) {
      ballot.classList.toggle('over', inBallot(ballot) > most(ballot));
      ballot.classList.toggle('full', inBallot(ballot) === most(ballot));
    }
  }

  function warnings() {
    const found = [];
    for (const ballot of ballots) {
      const made = inBallot(ballot);
      const contest = ballot.dataset.name;
      if (made > most(ballot)) found.push(say('warn_over', { contest }));
      else if (made && made < Number(ballot.dataset.min)) found.push(say('warn_under', { contest }));
    }
    for (const one of taking.chosen) {
      if (one.gone) found.push(say('warn_withdrawn', one));
      if (!one.option) found.push(say('warn_unknown', one));
    }
    return found;
  }

  function readBack() {
    part('warnings').textContent = '';
    if (taking.wish === 'vote') for (const text of warnings()) part('warnings').append(make('li', '', text));
    write(part('readback'), lineToSay());
  }

  function lineToSay() {
    if (taking.wish === 'misdialled') return words[isAgain() ? 'again_missing' : 'readback_misdialled'];
    if (taking.wish === 'spoken') return words.readback_spoken;
    const number = digits(caller.value);
    if (!number && !taking.withheld) return words.ask_number;
    if (!taking.chosen.length) return words.ask_choice;
    const who = taking.withheld ? words.caller_withheld : say('caller_tail', { tail: number.slice(-4) });
    return say('readback', { caller: who, choices: choicesToSay().join(words.joined) });
  }

  // By contest, in the order in which the contests were named.
  function choicesToSay() {
    const named = new Map();
    for (const { contest, code, name } of taking.chosen.filter((one) => one.option)) {
      named.set(contest, (named.get(contest) || []).concat(`${code} ${name}`));
    }
    const known = Array.from(named, ([contest, all]) => say('choice', { contest, all: all.join(words.and) }));
    return known.concat(taking.chosen.filter((one) => !one.option).map((one) => say('choice_unknown', one)));
  }

  // ---- choosing --------------------------------------------------------------------------------------

  function filter() {
    const typed = folded(pick.value) !== '';
    const found = matches(pick.value, (option) => {
      const ballot = option.closest('.ballot');
      return inBallot(ballot) >= most(ballot);
    });
    for (const option of options) option.hidden = typed && found.length > 0 && !found.includes(option);
    mark(found.length ? found[0] : null);
    const nobody = typed && !found.length && !isCode(pick.value);
    part('pick-said').classList.toggle('wrong', nobody);
    write(part('pick-said').firstElementChild, nobody ? words.none_found : part('pick-said').dataset.usual);
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
    const place = active ? shown.indexOf(active) + step : step > 0 ? 0 : -1;
    mark(shown[(place + shown.length) % shown.length]);
  }

  // Take the marked candidate, or a code that nobody has. What is neither stays, to be looked at.
  function take() {
    const typed = folded(pick.value);
    if (active) choose(active);
    else if (isCode(typed)) add({ code: typed.toUpperCase(), name: '', option: null });
    else return;
    pick.value = '';
    draw();
  }

  function choose(option) {
    const { code, name } = option.dataset;
    const contest = option.closest('.ballot').dataset.name;
    add({ code, name, contest, option, gone: option.classList.contains('gone') });
  }

  function add(one) {
    if (!taking.chosen.some((other) => other.code === one.code)) taking.chosen.push(one);
  }

  // A blank or comma ends a choice, also a full-width one, also in a text that was pasted.
  function separate() {
    const pieces = pick.value.normalize('NFKC').split(/[\s,、;+/]+/);
    const rest = pieces.pop();
    for (const piece of pieces) {
      pick.value = piece;
      filter();
      if (piece) take();
      if (pick.value) return;
    }
    if (pieces.length) pick.value = rest;
  }

  // ---- recording -------------------------------------------------------------------------------------

  // The field that is still empty, null if the call is complete.
  function missing() {
    const nothing = isAgain() && taking.wish === 'misdialled'; // nothing to enter it again from
    if (!taking.withheld && !nothing && !folded(caller.value)) return caller;
    if (taking.wish === 'vote' && !taking.chosen.length) return pick;
    return taking.wish === 'spoken' && !folded(noted.value) ? noted : null;
  }

  async function record() {
    if (missing()) {
      missing().focus();
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
    if (isAgain()) {
      if (await enterAgain(call)) begin();
      return;
    }
    last = call;
    unsent.keep(call);
    begin();
    announce('none', words.sending, { number: numberOf(call) });
    lineOf(call, 'none', words.sending);
    unsent.pump();
  }

  // ---- what becomes of it ----------------------------------------------------------------------------

  const unsent = queue({
    recorded(call, answer) {
      announce(answer.tone, answer.heading, answer);
      line(Object.assign(answer, { time: answer.time.slice(11, 16), until: Date.now() + answer.undo_ms }));
      chime(answer.tone);
      lookForDue();
    },
    refused(call, text) {
      announce('bad', words.not_recorded, { number: numberOf(call), say: text });
      lineOf(call, 'bad', words.not_recorded);
      chime('bad');
    },
    away(call) {
      const { blocked } = unsent.state;
      const safe = unsent.isSafe(call.id);
      const heading = words[blocked ? 'unsent_held' : safe ? 'unsent_kept' : 'unsent_here'];
      const why = [blocked || (safe && 'unsent_text'), !safe && 'no_storage'].filter(Boolean);
      announce('wait', heading, { number: numberOf(call), say: why.map((one) => words[one]).join(' ') });
      lineOf(call, 'wait', heading);
    },
    changed() {
      showQueue(unsent);
      showRefused(unsent.refused(), takeUp);
    },
  });

  function takeUp(call) {
    begin();
    Object.assign(taking, { wish: call.wish, withheld: call.withheld });
    caller.value = call.caller;
    noted.value = call.words;
    for (const code of call.codes) {
      const option = options.find((one) => one.dataset.code === code);
      if (option) choose(option);
      else add({ code, name: '', option: null });
    }
    unsent.drop(call.id);
    draw();
    lookSoon();
  }

  // ---- keys ------------------------------------------------------------------------------------------

  function wish(kind) {
    taking.wish = taking.wish === kind ? 'vote' : kind;
    pick.value = '';
    draw();
    (missing() || (taking.wish === 'vote' ? pick : part('record'))).focus();
  }

  function withhold() {
    taking.withheld = !taking.withheld;
    if (taking.withheld) caller.value = '';
    forget();
    draw();
    (missing() || part('record')).focus();
  }

  function lastNumber() {
    if (!last) {
      announce('none', words.last_none);
      return;
    }
    taking.withheld = last.withheld;
    caller.value = last.caller;
    draw();
    lookSoon();
    (last.withheld ? pick : caller).focus();
  }

  function anew() {
    endAgain();
    begin();
  }

  const KEYS = {
    F2: anew,
    F4: lastNumber,
    F6: () => wish('misdialled'),
    F7: withhold,
    F8: () => wish('spoken'),
    F9: () => openUndo(unsent.has),
    F10: async () => {
      if (await startAgain()) begin();
    },
    Escape: anew,
    '?': () => part('help').showModal(),
  };

  // From the number to what is missing; with nothing missing, Enter records.
  const ENTER = {
    caller: () => (folded(caller.value) ? onward() : undefined),
    pick: () => (folded(pick.value) || active ? take() : record()),
    words: record,
  };

  function onward() {
    if (missing()) missing().focus();
    else if (taking.wish === 'vote') pick.focus();
    else record();
  }

  function onKey(event) {
    if (event.isComposing || event.keyCode === 229) return; // an input method is at work: its keys are its own
    const key = event.key === '？' ? '?' : event.key;
    if (document.querySelector('dialog[open]')) {
      if (/^F\d/.test(key)) event.preventDefault();
      return;
    }
    if (event.ctrlKey || event.altKey || event.metaKey || (key === '?' && event.target === noted)) return;
    const press = KEYS[key] || (key === 'Enter' ? ENTER[event.target.id] : inPick(event, key));
    if (!press) return;
    event.preventDefault();
    if (!event.repeat || key.startsWith('Arrow') || key === 'Backspace') press();
  }

  function inPick(event, key) {
    if (event.target !== pick) return undefined;
    if (key === ' ' && folded(pick.value)) return take;
    if (key === 'ArrowDown') return () => move(1);
    if (key === 'ArrowUp') return () => move(-1);
    if (key === 'Backspace' && !pick.value && taking.chosen.length) {
      return () => {
        taking.chosen.pop();
        draw();
      };
    }
    return undefined;
  }

  function whenTyped(field, change) {
    const typed = (event) => {
      if (!event.isComposing) change();
    };
    field.addEventListener('input', typed);
    field.addEventListener('compositionend', typed);
  }

  document.addEventListener('keydown', onKey);
  whenTyped(pick, () => {
    separate();
    filter();
    readBack();
  });
  whenTyped(caller, () => {
    lookSoon();
    readBack();
  });
  part('call').addEventListener('submit', (event) => {
    event.preventDefault();
    if (folded(pick.value)) take();
    else record();
  });
  part('desk').addEventListener('click', (event) => {
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
  for (const box of document.querySelectorAll('dialog')) box.addEventListener('close', () => caller.focus());

  pick.setAttribute('role', 'combobox');
  pick.setAttribute('aria-expanded', 'true');
  pick.setAttribute('aria-autocomplete', 'list');
  pick.setAttribute('aria-controls', ballots.map((ballot) => `list-${ballot.dataset.contest}`).join(' '));
  part('pick-said').dataset.usual = part('pick-said').firstElementChild.textContent;
  begin();
  unsent.load();
  unsent.pump();
  lookForDue();
})();

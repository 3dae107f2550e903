// Rules by keyboard: one key picks the ruling, Enter records it, and the next message stands where this one was.
// Which messages there are, what each key means and every word comes from the page; without this script the
// page is a form like any other.
'use strict';
(() => {
  const queue = document.getElementById('queue');
  const help = document.getElementById('help');
  if (!queue) return;

  const form = document.getElementById('ruling');
  const decision = document.getElementById('decision');
  const find = document.getElementById('find');
  const reveal = document.getElementById('reveal');
  const told = document.getElementById('told');
  const rows = Array.from(queue.querySelectorAll('.docket a'));
  const field = (name) => form.elements.namedItem(name);
  let token = document.querySelector('meta[name=csrf]').content;
  const KEYS = 'televote-ruling-keys';

  let sending = false;

  // ---- which message ------------------------------------------------------------------------------

  const current = () => rows.find((row) => row.getAttribute('aria-current'));
  const shown = () => document.getElementById(`case-${current().dataset.at}`);
  const ruled = (row) => row.classList.contains('ruled') || row.classList.contains('lost');

  function show(row) {
    const before = current();
    shown().hidden = true;
    before.removeAttribute('aria-current');
    row.setAttribute('aria-current', 'true');
    shown().hidden = false;
    row.scrollIntoView({block: 'nearest'});
    window.history.replaceState(null, '', row.href);
    reset();
    if (window.scrollY > queue.offsetTop) queue.scrollIntoView();
    shown().querySelector('h2').focus({preventScroll: true});
  }

  function move(step) {
    const next = rows[rows.indexOf(current()) + step];
    if (next) show(next);
  }

  function goOn() {
    const from = rows.indexOf(current());
    const next = rows.slice(from + 1).concat(rows.slice(0, from)).find((row) => !ruled(row));
    if (next) show(next);
    else say(decision.dataset.done);
  }

  // Everything in the form that belongs to the message; the note does too, for it explains one ruling.
  function reset() {
    const about = shown().dataset;
    form.reset();
    field('at').value = current().dataset.at;
    reveal.querySelector('[name=at]').value = current().dataset.at;
    field('count_reason').value = about.count;
    form.querySelectorAll('[name=reject_reason]').forEach((one) => { one.checked = one.value === about.reject; });
    many();
    only('disputed', 'disputed' in about);
    only('lineless', 'lineless' in about);
    told.hidden = true;
    told.textContent = '';
    reveal.open = false;
    find.value = '';
    filter();
    parts();
    tell();
  }

  // On how many the same ruling can be made.
  function many() {
    const {alike} = shown().dataset;
    const words = form.querySelector('.alike [data-text]');
    field('alike').value = alike;
    field('alike').checked &&= alike > 1;
    only('alike', alike > 1);
    words.textContent = words.dataset.text.replace('{n}', alike);
  }

  // Somebody has ruled on some of those with this text, or one more has come.
  function left(alike) {
    const {same} = shown().dataset;
    queue.querySelectorAll(`.case[data-same="${same}"]`).forEach((one) => { one.dataset.alike = alike; });
    many();
  }

  const only = (what, yes) => form.querySelectorAll(`[data-only=${what}]`).forEach((one) => { one.hidden = !yes; });

  // ---- the ruling ---------------------------------------------------------------------------------

  const verdict = () => field('verdict').value;
  const chosen = () => Array.from(form.querySelectorAll('[name=for]:checked'));

  function decide(word) {
    const box = form.querySelector(`[name=verdict][value=${word}]`);
    if (box.closest('[hidden]')) return;
    box.checked = true;
    parts();
    tell();
  }

  function pick(button) {
    const values = button.dataset.values.split(' ');
    form.querySelectorAll('[name=for]').forEach((one) => { one.checked = values.includes(one.value); });
    decide(button.dataset.verdict);
  }

  function parts() {
    const word = verdict();
    form.querySelectorAll('.part').forEach((part) => { part.hidden = part.dataset.for !== (word || 'count'); });
    field('count_reason').required = word === 'count';
  }

  const reasonOf = (word) => {
    const box = word === 'count' ? field('count_reason').selectedOptions[0]
      : form.querySelector('[name=reject_reason]:checked');
    if (!box) return '';
    return word === 'count' ? box.textContent : box.closest('label').lastChild.textContent.trim();
  };

  function tell() {
    const word = verdict();
    const whom = chosen().map((one) => one.closest('label').querySelector('.code').textContent).join(' + ');
    const ready = word && (word !== 'count' || whom);
    shown().querySelectorAll('.pick').forEach((button) => {
      const same = button.dataset.values === chosen().map((one) => one.value).join(' ');
      button.setAttribute('aria-pressed', String(word === button.dataset.verdict && same));
    });
    if (!ready) {
      say(decision.dataset.first);
      return;
    }
    const said = decision.dataset[word].replace('{whom}', whom).replace('{reason}', reasonOf(word));
    const many = field('alike').checked ? ` · ${decision.dataset.alike.replace('{n}', field('alike').value)}` : '';
    say(`${said}${many} – ${decision.dataset.enter}`);
  }

  function say(text, bad) {
    decision.textContent = text;
    decision.classList.toggle('bad', Boolean(bad));
  }

  async function record() {
    if (sending) return;
    if (rows.every(ruled)) {
      const next = document.getElementById('next-page');
      window.location.assign(next ? next.href : queue.dataset.page);
      return;
    }
    if (ruled(current())) {
      goOn();
      return;
    }
    if (!form.reportValidity()) return;
    sending = true;
    form.setAttribute('aria-busy', 'true');
    try {
      const answer = await post(form);
      if (answer.error) refuse(answer);
      else settle(answer);
    } catch (error) {
      say(decision.dataset.lost, true);
    } finally {
      sending = false;
      form.removeAttribute('aria-busy');
    }
  }

  async function post(which, again) {
    const response = await fetch(which.action, {
      method: 'POST',
      headers: {'Accept': 'application/json', 'X-CSRF-Token': token},
      body: new URLSearchParams(new FormData(which)),
    });
    const answer = await response.json();
    return answer.error === 'csrf' && !again && await renew() ? post(which, true) : answer;
  }

  // The same person has signed in again, in another window: the form goes on with the new session's token.
  async function renew() {
    const page = await new Promise((read, fail) => {
      const request = new XMLHttpRequest();
      request.open('GET', window.location.href);
      request.responseType = 'document';
      Object.assign(request, {onload: () => read(request.response), onerror: fail});
      request.send();
    });
    const who = (one) => one.querySelector('.person')?.textContent;
    if (who(page) !== who(document)) return false;
    token = page.querySelector('meta[name=csrf]').content;
    return true;
  }

  function settle(answer) {
    const places = new Set(answer.places);
    rows.filter((row) => places.has(row.dataset.at)).forEach((row) => mark(row, 'ruled', answer.text));
    if (!answer.proposed) left(shown().dataset.alike - answer.places.length);
    waiting(answer);
    goOn();
  }

  function waiting(answer) {
    if ('waiting' in answer) document.getElementById('waiting').textContent = answer.waiting.toLocaleString('en');
  }

  // Whoever else has ruled on it: the row says so, and one goes on. Anything else is to be mended here.
  function refuse(answer) {
    waiting(answer);
    if (answer.error === 'signed_out') signIn(answer);
    else if (answer.error === 'not_waiting' || answer.error === 'erased') {
      mark(current(), 'lost', answer.text);
      left(shown().dataset.alike - 1);
      goOn();
    } else {
      if ('alike' in answer) left(answer.alike);
      say(`${decision.dataset.refused}${answer.text || answer.error}`, true);
    }
  }

  // In another window: what was picked and noted stays here, to be recorded then.
  function signIn(answer) {
    const link = document.createElement('a');
    Object.assign(link, {href: '/signin', target: '_blank', rel: 'noopener', textContent: decision.dataset.signIn});
    say(answer.text || decision.dataset.signedOut, true);
    decision.append(' ', link);
  }

  function mark(row, how, text) {
    row.classList.add(how);
    row.querySelector('.row-state').textContent = text;
  }

  // ---- finding a candidate ------------------------------------------------------------------------

  const plain = (text) => text.normalize('NFKC').toLowerCase().replace(/[\s-]/g, '');

  function filter() {
    const sought = plain(find.value);
    const labels = Array.from(form.querySelectorAll('.choice'));
    labels.forEach((label) => { label.hidden = sought !== '' && !plain(label.textContent).includes(sought); });
    form.querySelectorAll('.ballots fieldset').forEach((one) => {
      one.hidden = Array.from(one.querySelectorAll('.choice')).every((label) => label.hidden);
    });
    return labels.filter((label) => !label.hidden);
  }

  // A whole code is that candidate, however many others have it in their name; a name comes before a unit.
  function take() {
    const left = filter();
    const sought = plain(find.value);
    const said = (label, part) => plain(label.querySelector(part).textContent);
    const exact = left.filter((label) => said(label, '.code') === sought);
    const named = left.filter((label) => said(label, '.name').includes(sought));
    const [label, ...more] = [exact, named, left].find((some) => some.length) || [];
    if (!sought || !label || more.length) {
      say(decision.dataset.find.replace('{n}', sought ? left.length : 0), true);
      return false;
    }
    const box = label.querySelector('input');
    box.checked = !box.checked;
    find.value = '';
    filter();
    decide('count');
    return true;
  }

  // ---- a whole number -----------------------------------------------------------------------------

  async function look(event) {
    event.preventDefault();
    const asking = event.target;
    const at = asking.elements.namedItem('at').value;
    let answer;
    try {
      answer = await post(asking);
    } catch (error) {
      answer = {error: 'lost', text: decision.dataset.lost};
    }
    if (at !== current().dataset.at) return; // somebody has gone on: it is not this message's number
    told.textContent = answer.error ? answer.text || answer.error : answer.number || told.dataset.none;
    if (!answer.error) {
      const once = document.createElement('small');
      once.textContent = answer.raw ? `${answer.raw}\n${told.dataset.once}` : told.dataset.once;
      told.append(once);
      asking.reset();
      asking.elements.namedItem('at').value = at;
    }
    told.hidden = false;
  }

  // ---- keys ---------------------------------------------------------------------------------------

  const writing = (element) => element.matches('textarea, select, input:not([type=checkbox]):not([type=radio])');

  function digit(number) {
    if (verdict() === 'reject') {
      const box = form.querySelectorAll('[name=reject_reason]')[number - 1];
      if (box) box.checked = true;
    } else {
      const button = shown().querySelectorAll('.pick')[number - 1];
      if (button) pick(button);
    }
    tell();
  }

  function press(name) {
    const alike = field('alike');
    switch (name) {
      case 'j': case 'arrowdown': move(1); break;
      case 'p': case 'arrowup': move(-1); break;
      case 'c': decide('count'); find.focus(); break;
      case 'r': decide('reject'); break;
      case 'k': decide('keep'); break;
      case 'w': decide('count'); field('count_reason').focus(); break;
      case 'n': field('note').focus(); break;
      case 'a': if (Number(alike.value) > 1) { alike.checked = !alike.checked; tell(); } break;
      case 'v': reveal.open = true; reveal.querySelector('select').focus(); break;
      case '?': openHelp(); break;
      case 'enter': record(); break;
      case 'escape': reset(); break;
      default:
        if (!/^[1-9]$/.test(name)) return false;
        digit(Number(name));
    }
    return true;
  }

  document.addEventListener('keydown', (event) => {
    const {target} = event;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || help.open) return;
    if (sending) { // a key that is pressed now would be meant for a message that nobody has seen
      event.preventDefault();
      return;
    }
    if (writing(target)) {
      if (event.key === 'Escape') leave(event);
      else if (event.key === 'Enter' && target === find) {
        event.preventDefault();
        if (take()) leave(event);
      }
      else if (event.key === 'Enter' && target === field('count_reason')) {
        leave(event);
        record();
      }
      return;
    }
    if (!document.getElementById('keys-on').checked) return;
    const name = event.key.normalize('NFKC').toLowerCase();
    const own = target.matches('a, button, summary');
    if (name === 'enter' && own && !target.matches('.docket a')) return;
    if (name.startsWith('arrow') && target.matches('[type=radio]')) return;
    if (event.repeat && name === 'enter') return;
    if (press(name)) event.preventDefault();
  });

  function leave(event) {
    event.preventDefault();
    shown().querySelector('h2').focus({preventScroll: true});
  }

  // ---- help ---------------------------------------------------------------------------------------

  const opener = document.getElementById('help-open');

  function openHelp() {
    help.showModal();
    opener.setAttribute('aria-expanded', 'true');
  }

  function remember() {
    try {
      window.localStorage.setItem(KEYS, document.getElementById('keys-on').checked ? 'on' : 'off');
    } catch (error) { /* a browser that keeps nothing: the keys are on again next time */ }
  }

  function remembered() {
    try {
      return window.localStorage.getItem(KEYS) !== 'off';
    } catch (error) {
      return true;
    }
  }

  // ---- begin --------------------------------------------------------------------------------------

  document.querySelectorAll('.pick, .find, #help-open').forEach((one) => { one.hidden = false; });
  document.getElementById('keys-on').checked = remembered();
  document.getElementById('keys-on').addEventListener('change', remember);
  opener.addEventListener('click', openHelp);
  document.getElementById('help-close').addEventListener('click', () => help.close());
  help.addEventListener('keydown', (event) => { if (event.key === '?') help.close(); });
  help.addEventListener('close', () => opener.setAttribute('aria-expanded', 'false'));
  queue.addEventListener('click', (event) => {
    const row = event.target.closest('.docket a');
    const button = event.target.closest('.pick');
    if (button) pick(button);
    if (!row || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(row);
  });
  form.addEventListener('change', (event) => {
    if (event.target.name === 'for') decide('count');
    parts();
    tell();
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    record();
  });
  find.addEventListener('input', filter);
  reveal.querySelector('form').addEventListener('submit', look);
  if (!form.querySelector('[name=verdict]:checked')) reset();
  parts();
  tell();
  shown().querySelector('h2').focus({preventScroll: true});
})();

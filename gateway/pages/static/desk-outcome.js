// What became of the calls: the last one large, those before it in a list, those not yet sent beside it; and a
// tone for those who want one.
'use strict';
(() => {
  const { part, words, say, write, make, masked, zone } = window.televoteDesk;

  const SHOWN = 8;
  // By tone: pitches in hertz, one after the other.
  const TUNES = { good: [880, 1175], again: [587, 587], wait: [659], bad: [247, 196] };
  const SOUND = 'televote-desk:sound';

  // The last call, or another thing that the operator should know: `tone` is good, again, wait, bad or none.
  function announce(tone, heading, rest) {
    const shown = Object.assign({ number: '', choices: [], say: '' }, rest);
    const box = part('outcome');
    box.className = `outcome ${tone}`;
    write(box.querySelector('.heading'), heading);
    write(box.querySelector('.from'), shown.number);
    write(box.querySelector('.say'), shown.say);
    const list = box.querySelector('.parts');
    list.textContent = '';
    for (const one of shown.choices) list.append(make('li', '', `${one.code} ${one.name}: ${one.words}`));
  }

  // A call's line in the list, made or changed. `until` is when it can be taken back no longer.
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
      make('time', '', one.time), ' ', make('span', 'from', one.number), ' ',
      make('span', 'entered', one.entered), ' ', make('span', 'ended', one.undone ? words.undone : one.heading));
    part('no-calls').hidden = true;
  }

  const numberOf = (call) => (call.withheld ? words.withheld_short : masked(call.caller));
  const enteredOf = (call) =>
    call.wish === 'vote' ? call.codes.join(' ') : words[call.wish === 'spoken' ? 'spoken_short' : 'misdialled_short'];

  // As the server tells the time, wherever this computer is.
  const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: zone });

  // The line of a call that the server has said nothing of yet.
  function lineOf(call, tone, heading) {
    line({ id: call.id, tone, time: clock.format(call.at), number: numberOf(call), entered: enteredOf(call), heading });
  }

  // How many calls wait to be sent, and what the operator must do about it.
  function showQueue(unsent) {
    const { failures, blocked, storage } = unsent.state;
    const waiting = unsent.waiting().length;
    const lines = [];
    if (waiting && (failures || blocked)) lines.push(say('unsent', { n: waiting }));
    if (blocked) lines.push(words[blocked]);
    if (!storage) lines.push(words.no_storage);
    unsent.others().forEach((n, login) => lines.push(say('other_unsent', { login, n })));
    part('queue').hidden = !lines.length;
    write(part('queue'), lines.join(' '));
    if (blocked === 'sign_in') {
      const link = make('a', '', words.sign_in_link);
      link.href = `/signin?next=${location.pathname}`;
      part('queue').append(' ', link);
    }
  }

  // What the server will never take stays until the operator has looked at it.
  function showRefused(calls, takeUp) {
    part('kept').hidden = !calls.length;
    part('kept').textContent = '';
    for (const call of calls) {
      const button = make('button', 'quiet small', words.take_up);
      button.type = 'button';
      button.addEventListener('click', () => takeUp(call));
      const item = make('li', '', `${numberOf(call)} ${enteredOf(call)}: ${say('refused', { text: call.refused })} `);
      item.append(button);
      part('kept').append(item);
    }
  }

  let sounding = false;
  let audio = null;

  // Made on the spot; before the first key is pressed, a browser lets no page be heard.
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

  function switchSound(on) {
    sounding = on;
    part('sound').setAttribute('aria-pressed', String(on));
    write(part('sound'), words[on ? 'sound_on' : 'sound_off']);
  }

  // Kept for the next time; if the browser keeps nothing, for as long as the page is open.
  function remember(on) {
    try {
      localStorage.setItem(SOUND, on ? 'on' : 'off');
    } catch (error) {
      // Nothing is lost but the wish for a tone.
    }
  }

  function remembered() {
    try {
      return localStorage.getItem(SOUND) === 'on';
    } catch (error) {
      return false;
    }
  }

  part('sound').addEventListener('click', () => {
    switchSound(!sounding);
    remember(sounding);
    chime('good');
    part('caller').focus();
  });
  for (const item of part('latest').children) item.dataset.until = Date.now() + Number(item.dataset.undo);
  switchSound(remembered());

  Object.assign(window.televoteDesk, { announce, line, lineOf, numberOf, chime, showQueue, showRefused });
})();

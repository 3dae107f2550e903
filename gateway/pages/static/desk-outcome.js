// What became of the calls: the last one large, and those before it in a list; with a tone for those who want it.
'use strict';
(() => {
  const { part, words, write, make } = window.televoteDesk;

  const SHOWN = 8;
  // By tone: pitches in hertz, one after the other.
  const TUNES = { good: [880, 1175], again: [587, 587], wait: [659], bad: [247, 196] };
  const SOUND = 'televote-desk:sound';

  // The last call, or another thing that the operator should know: `tone` is good, again, wait, bad or none.
  function announce(tone, heading, rest) {
    const { number, choices, say } = Object.assign({ number: '', choices: [], say: '' }, rest);
    const box = part('outcome');
    box.className = `outcome ${tone}`;
    write(box.querySelector('.heading'), heading);
    write(box.querySelector('.from'), number);
    write(box.querySelector('.say'), say);
    const list = box.querySelector('.parts');
    list.textContent = '';
    for (const one of choices) list.append(make('li', '', `${one.code} ${one.name}: ${one.words}`));
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

  // Kept for the next time, if the browser keeps anything.
  function remember(on) {
    try {
      localStorage.setItem(SOUND, on ? 'on' : 'off');
    } catch (error) {
      switchSound(on);
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

  Object.assign(window.televoteDesk, { announce, line, chime });
})();

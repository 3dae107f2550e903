// What the number that is being typed is, and how earlier messages of that line ended: asked of the server.
'use strict';
(() => {
  const { part, words, write, make, digits, ask } = window.televoteDesk;

  const PAUSE = 180; // milliseconds without a key, before anybody is asked

  let asked = 0;
  let asking = 0;

  function lookSoon() {
    forget();
    if (digits(part('caller').value).length < 3) return;
    const number = asked;
    asking = setTimeout(async () => {
      const answer = await look(part('caller').value);
      if (number === asked) showNumber(answer);
    }, PAUSE);
  }

  // The number is another: what was asked about the one before is of no interest when it comes.
  function forget() {
    clearTimeout(asking);
    asked += 1;
    showNumber({ standing: '', shown: '', earlier: null });
  }

  async function look(typed) {
    try {
      const response = await ask('caller', { caller: typed });
      if (response.ok) return await response.json();
    } catch (error) {
      // Away: a call is taken all the same.
    }
    return { standing: '', shown: words.not_looked, earlier: null };
  }

  function showNumber({ standing, shown, earlier }) {
    part('standing').classList.toggle('wrong', standing === 'invalid');
    write(part('standing'), shown);
    const before = part('earlier');
    before.textContent = '';
    if (standing !== 'known') return;
    before.append(earlier.length ? words.earlier : words.earlier_none);
    earlier.forEach((one, place) => {
      if (place) before.append(words.joined);
      before.append(make('span', `mark-${one.tone}`, `${one.at} ${one.channel} ${one.words}`));
    });
  }

  Object.assign(window.televoteDesk, { lookSoon, forget });
})();

// Finding a candidate: by code, number, keypad code, name, or the name's pinyin, whole or by its initials.
'use strict';
(() => {
  const { part, folded } = window.televoteDesk;

  const options = Array.from(part('desk').querySelectorAll('.choices li'));
  const ballots = Array.from(part('desk').querySelectorAll('.ballot'));

  // A code without separators and leading zeros, as the server's `plain_code` has it.
  const plain = (text) => folded(text).toUpperCase().replace(/[-_. ]/g, '').replace(/(^|[A-Z])0+(?=\d)/g, '$1');

  // Somebody may name a code that nobody has: it is taken down as it was said.
  const isCode = (text) => /^(?=.*\d)[A-Z0-9][A-Z0-9._-]{0,15}$/.test(folded(text).toUpperCase());

  // How well a candidate fits what was typed, 0 best; null if not at all.
  function fit(option, typed) {
    const { dataset } = option;
    const code = plain(typed);
    const text = folded(typed).toLowerCase();
    const names = dataset.find.split('|');
    if (dataset.plain === code) return 0;
    if (code && (dataset.number === code || dataset.keypad === code)) return 1;
    if (code && dataset.plain.startsWith(code)) return 2;
    if (names.some((name) => name.startsWith(text))) return 3;
    if (/^\d+$/.test(code) && dataset.number.startsWith(code)) return 4;
    return names.some((name) => name.includes(text)) ? 5 : null;
  }

  // Best first. Among equals, contests that have room for one more go before (`isFull`): so 3, Enter, 5,
  // Enter chooses in two contests. The operator sees which is marked before anything is taken.
  function matches(typed, isFull) {
    if (!folded(typed)) return [];
    return options
      .map((option, place) => ({ option, place, fit: fit(option, typed), full: Number(isFull(option)) }))
      .filter((one) => one.fit !== null)
      .sort((a, b) => a.fit - b.fit || a.full - b.full || a.place - b.place)
      .map((one) => one.option);
  }

  for (const list of part('desk').querySelectorAll('.choices')) {
    list.setAttribute('role', 'listbox');
    list.setAttribute('aria-multiselectable', 'true');
    for (const item of list.children) item.setAttribute('role', 'option');
  }

  Object.assign(window.televoteDesk, { options, ballots, matches, isCode });
})();

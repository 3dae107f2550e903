// Agreeing by keyboard: the arrows go from proposal to proposal, Y agrees to the one in focus, X declines it.
// Nothing is in focus until somebody goes there, so that no key agrees to what was not looked at.
'use strict';
(() => {
  const cards = Array.from(document.querySelectorAll('[data-proposals] .proposal'));
  if (!cards.length) return;

  const STEPS = {arrowdown: 1, j: 1, arrowup: -1, p: -1};
  const writing = (element) => element.matches('textarea, select, input');

  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
    if (writing(event.target) || event.target.matches('.tall')) return;
    const name = event.key.normalize('NFKC').toLowerCase();
    const at = cards.findIndex((card) => card.contains(document.activeElement));
    if (name in STEPS) {
      const next = cards[at < 0 ? 0 : at + STEPS[name]];
      if (!next) return;
      event.preventDefault();
      next.focus();
    } else if (at >= 0) {
      const button = cards[at].querySelector(`[data-key="${name}"]`);
      if (!button) return;
      event.preventDefault();
      button.click();
    }
  });
})();

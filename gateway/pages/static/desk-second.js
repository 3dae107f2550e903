// Second thoughts: taking back one's own last call, and entering a call of another operator's again.
'use strict';
(() => {
  const { part, words, say, write, folded, ask, announce, line, reenters } = window.televoteDesk;

  const SECOND = 1000;

  // ---- taking back -----------------------------------------------------------------------------------

  let undoing = null;
  let counting = 0;

  // `isUnsent(id)` says whether a call has not arrived yet.
  function openUndo(isUnsent) {
    const newest = part('latest').querySelector('li:not(.undone)');
    const hindrance = !newest ? 'undo_none'
      : isUnsent(newest.dataset.id) ? 'undo_unsent'
        : Number(newest.dataset.until) <= Date.now() ? 'undo_late' : '';
    if (hindrance) {
      announce('none', words[hindrance]);
      return;
    }
    undoing = newest;
    const told = (name) => newest.querySelector(name).textContent;
    write(part('undo-call'), `${told('.from')} ${told('.entered')}: ${told('.ended')}`);
    write(part('undo-said'), '');
    part('undo-note').value = '';
    part('undo').showModal();
    part('undo').querySelector('input[name=reason]:checked').focus();
    countDown();
  }

  function countDown() {
    clearTimeout(counting);
    if (!part('undo').open) return;
    const left = Math.max(0, Math.ceil((Number(undoing.dataset.until) - Date.now()) / SECOND));
    write(part('undo-left'), left ? say('undo_left', { n: left }) : words.undo_late);
    counting = setTimeout(countDown, SECOND);
  }

  async function undo() {
    const reason = part('undo').querySelector('input[name=reason]:checked').value;
    let text = words.undo_failed;
    try {
      const response = await ask('undo', { id: undoing.dataset.id, reason, note: part('undo-note').value });
      const answer = await response.json();
      if (response.ok) {
        part('undo').close();
        line(Object.assign(answer, { time: answer.time.slice(11, 16) }));
        announce('again', words.undone, { number: answer.number, say: words.undone_say });
        return;
      }
      text = answer.text || text;
    } catch (error) {
      text = words.undo_failed;
    }
    write(part('undo-said'), text);
  }

  // A digit chooses a reason.
  part('undo').addEventListener('keydown', (event) => {
    if (event.target === part('undo-note') || event.isComposing) return;
    const reason = part('undo').querySelectorAll('input[name=reason]')[Number(folded(event.key)) - 1];
    if (!reason) return;
    event.preventDefault();
    reason.checked = true;
    reason.focus();
  });
  part('undo').querySelector('form').addEventListener('submit', (event) => {
    event.preventDefault();
    undo();
  });

  // ---- entering again --------------------------------------------------------------------------------

  let again = null;
  let timer = 0;

  async function due() {
    const response = await ask('again');
    if (!response.ok) throw new Error(String(response.status));
    return response.json();
  }

  // Say how many calls wait for this operator; now and then, for others enter them.
  function lookForDue() {
    if (reenters !== 'yes') return;
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const answer = await due().catch(() => ({ due: 0 }));
      part('due').hidden = !answer.due;
      write(part('due'), answer.due ? say('again_due', { n: answer.due }) : '');
      timer = setTimeout(lookForDue, 60 * SECOND);
    }, SECOND / 2);
  }

  // Whether there is one to enter now.
  async function startAgain() {
    const answer = await due().catch(() => null);
    if (!answer || !answer.due) {
      announce('none', words[answer ? 'again_none' : 'undo_failed']);
      return false;
    }
    again = answer;
    part('call').classList.add('again');
    part('again').hidden = false;
    write(part('again'), say('again_call', answer));
    return true;
  }

  function endAgain() {
    again = null;
    part('call').classList.remove('again');
    part('again').hidden = true;
  }

  // Whether it is done, or cannot be done any more.
  async function enterAgain(call) {
    const missing = call.wish === 'misdialled';
    try {
      const response = await ask('again', Object.assign({}, call, { call: again.call, missing }));
      const answer = await response.json();
      if (!response.ok && response.status !== 409) throw new Error(answer.text || words.undo_failed);
      if (response.ok) announce('good', words.again_done, { say: words.again_done_say });
      else announce('none', answer.text);
    } catch (error) {
      announce('none', error.name === 'Error' ? error.message : words.undo_failed);
      return false;
    }
    endAgain();
    lookForDue();
    return true;
  }

  Object.assign(window.televoteDesk, {
    openUndo, lookForDue, startAgain, endAgain, enterAgain, isAgain: () => again !== null,
  });
})();

// Handing in a call log without choosing the file twice: what the server answers is put into this page, and
// the chosen file into its form.
'use strict';
(() => {
  document.documentElement.classList.add('scripted');

  function take(form, button) {
    const act = button ? button.value : 'check';
    const { files } = form.elements.file;
    const sent = new FormData(form);
    sent.append('act', act);
    const request = new XMLHttpRequest();
    request.open('POST', form.action);
    request.responseType = 'document'; // a page, read by the browser: no text of ours becomes markup
    request.setRequestHeader('X-CSRF-Token', form.elements.csrf.value);
    request.onload = () => {
      const main = request.response && request.response.getElementById('main');
      if (!main) {
        location.reload();
        return;
      }
      document.getElementById('main').replaceWith(document.adoptNode(main));
      const { tried } = document.getElementById('handin')?.elements ?? {};
      begin(act === 'check' || (tried && tried.value) ? files : null); // there is something to be done with it yet
      document.getElementById('main').focus();
    };
    request.onerror = () => {
      busy(form, false);
      lost(form);
      (button || form.elements.file).focus();
    };
    form.querySelector('[role=alert]')?.remove();
    busy(form, true);
    request.send(sent);
  }

  function lost(form) {
    const said = document.createElement('p');
    Object.assign(said, { className: 'notice bad', role: 'alert', textContent: form.dataset.lost });
    form.prepend(said);
  }

  function busy(form, on) {
    form.setAttribute('aria-busy', String(on));
    for (const button of form.querySelectorAll('button')) button.disabled = on;
  }

  function begin(files) {
    const form = document.getElementById('handin');
    if (!form) return;
    if (files) form.elements.file.files = files;
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      take(form, event.submitter);
    });
  }

  begin(null);
})();

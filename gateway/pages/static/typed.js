// While something is typed that was not sent, the page offers no other language: it would come back without
// what was typed. The answer to a form offers none either.
'use strict';
(() => {
  const langs = document.querySelector('.langs');
  if (!langs) return;

  const differs = (field) => {
    if (field.matches('[type=checkbox], [type=radio]')) return field.checked !== field.defaultChecked;
    if (!field.matches('select')) return field.value !== field.defaultValue;
    const first = Array.from(field.options).findIndex((option) => option.defaultSelected);
    return field.selectedIndex !== Math.max(first, 0);
  };
  // A form that keeps itself what is typed says so.
  const typed = 'main input:not([type=hidden]), main select, main textarea';
  const look = () => {
    langs.hidden = Array.from(document.querySelectorAll(typed)).some(
      (field) => !field.closest('[data-kept]') && differs(field));
  };

  // A script that empties a form tells nobody, but then puts the cursor somewhere.
  for (const event of ['input', 'change', 'focusin']) document.addEventListener(event, look);
  document.addEventListener('reset', () => setTimeout(look));
  addEventListener('pageshow', look);
})();

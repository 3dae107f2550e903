// What the scripts of the operators' desk have in common: the page's parts and words, and asking the server.
'use strict';
window.televoteDesk = (() => {
  const ANSWER_WITHIN = 10000;

  const part = (id) => document.getElementById(id);
  const { campaign, login, reenters, zone } = part('desk').dataset;
  const words = JSON.parse(part('desk').dataset.words);

  document.documentElement.classList.add('scripted');

  // A text of the catalogue; braces in it name values.
  const say = (key, values) =>
    words[key].replace(/\{(\w+)\}/g, (all, name) => (values && name in values ? values[name] : all));

  const write = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };

  function make(tag, className, text) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  }

  // Full-width digits and letters are the same as narrow ones.
  const folded = (text) => text.normalize('NFKC').trim();
  const digits = (text) => folded(text).replace(/\D/g, '');

  function masked(number) {
    const all = digits(number);
    return all.length < 8 ? '****' : `${all.slice(0, 3)}****${all.slice(-4)}`;
  }

  // crypto.randomUUID is missing where the page comes by plain HTTP.
  function freshId() {
    const bytes = crypto.getRandomValues(new Uint8Array(18));
    return btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_');
  }

  // Ask the server. Rejects if it cannot be reached, or takes too long. `byItself`: nobody has done anything,
  // and a session in which nobody does anything must come to its end.
  function ask(where, value, byItself) {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), ANSWER_WITHIN);
    const headers = byItself ? { Accept: 'application/json', 'X-Looking-On': '1' } : { Accept: 'application/json' };
    const options = { headers, credentials: 'same-origin', cache: 'no-store', signal: stop.signal };
    if (value !== undefined) {
      headers['Content-Type'] = 'application/json';
      headers['X-CSRF-Token'] = document.querySelector('meta[name="csrf"]').content;
      options.method = 'POST';
      options.body = JSON.stringify(value);
    }
    const done = () => clearTimeout(timer);
    const request = fetch(`/operator/${campaign}/${where}`, options);
    request.then(done, done);
    return request;
  }

  return { part, words, say, write, make, folded, digits, masked, freshId, ask, campaign, login, reenters, zone };
})();

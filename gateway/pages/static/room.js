// Keeps the room's live page up to date. The stream sends every figure as it is to be shown, by the key that
// its place on the page has; what is not a figure is taken from the page as the server draws it anew.
'use strict';
(() => {
  const SECOND = 1000;
  const MINUTE = 60 * SECOND;

  let source = null;
  let comeBack = 0;
  let spoken = 0;
  let chart = null;
  let renewing = false;

  const now = () => document.getElementById('now');
  const soon = (most) => Math.random() * most; // nobody should ask at the same moment as everybody
  const each = (kind, act) => now().querySelectorAll(`[data-${kind}]`).forEach((one) => act(one, one.dataset[kind]));
  const write = (element, text) => {
    if (text !== undefined && element.textContent !== text) element.textContent = text;
  };

  function show(figures) {
    if (figures.shape !== now().dataset.shape) {
      setTimeout(renew, soon(2 * SECOND));
      return;
    }
    document.querySelectorAll('[data-t]').forEach((one) => write(one, figures.text[one.dataset.t]));
    each('bar', (one, key) => {
      if (!figures.bar[key]) return;
      one.setAttribute('x', `${figures.bar[key][0]}%`);
      one.setAttribute('width', `${figures.bar[key][1]}%`);
    });
    each('state', (one, key) => { one.dataset.is = figures.state[key] || ''; });
    each('when', (one, condition) => {
      const cut = condition.lastIndexOf('=');
      one.hidden = figures.state[condition.slice(0, cut)] !== condition.slice(cut + 1);
    });
    each('order', (body, contest) => arrange(body, figures.order[contest] || []));
    if (chart) chart.add(figures.tempo);
    speak(figures.text.as_of);
  }

  function arrange(body, codes) {
    const rows = new Map(Array.from(body.rows, (row) => [row.dataset.code, row]));
    codes.forEach((code, place) => {
      const row = rows.get(code);
      if (row && body.rows[place] !== row) body.insertBefore(row, body.rows[place]);
    });
  }

  // A listener is told at most twice a minute: a hall of voices would be worse than none.
  function speak(time) {
    if (Date.now() - spoken < MINUTE / 2) return;
    spoken = Date.now();
    const line = document.getElementById('spoken');
    write(line, line.dataset.spoken.replace('{time}', time));
  }

  function mark(state) {
    const sign = document.getElementById('sign');
    sign.hidden = false;
    sign.className = `sign ${state}`;
    write(sign, sign.dataset[state]);
  }

  function follow() {
    clearTimeout(comeBack);
    if (source) source.close();
    source = new EventSource(now().dataset.events);
    source.onopen = () => mark('live');
    source.onmessage = (event) => {
      mark('live');
      show(JSON.parse(event.data));
    };
    source.onerror = () => {
      mark('lost');
      // The browser itself comes back after a broken connection, but not after a refusal.
      if (source.readyState === EventSource.CLOSED) comeBack = setTimeout(renew, 5 * SECOND + soon(10 * SECOND));
    };
  }

  // The page as it is now. A document comes this way without a parser of ours, which the policy forbids.
  function renew() {
    if (renewing) return;
    if (now().contains(document.activeElement)) {
      comeBack = setTimeout(renew, 3 * SECOND); // whoever is at a link here keeps it
      return;
    }
    renewing = true;
    const request = new XMLHttpRequest();
    request.open('GET', location.pathname + location.search);
    request.responseType = 'document';
    request.onloadend = () => {
      renewing = false;
      const drawn = request.status === 200 && request.response;
      if (!drawn) {
        comeBack = setTimeout(renew, MINUTE / 2 + soon(MINUTE));
      } else if (!drawn.getElementById('now')) {
        location.reload(); // signed out: the server shows where to sign in
      } else {
        replace(drawn);
        begin();
      }
    };
    request.send();
  }

  function replace(drawn) {
    const old = now();
    for (const details of old.querySelectorAll('details[open]')) drawn.getElementById(details.id).open = true;
    for (const part of ['.headline', '#now']) {
      document.querySelector(part).replaceWith(document.importNode(drawn.querySelector(part), true));
    }
  }

  // Messages per minute, drawn by uPlot over what the server drew. The figures are those of the table.
  function draw() {
    const place = document.getElementById('flow');
    if (chart) chart.end();
    chart = null;
    if (!window.uPlot || !place) return;
    const step = Number(place.dataset.step);
    const minutes = new Map();
    for (const row of document.querySelectorAll('#flow-table tr[data-at]')) {
      const [counted, others] = Array.from(row.cells).slice(1).map((cell) => Number(cell.textContent.replace(/,/g, '')));
      minutes.set(Number(row.dataset.at), [counted, others]);
    }
    const most = minutes.size;
    const zone = now().dataset.zone;
    const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const series = (name, fill, value) => ({
      label: place.dataset[name], fill, stroke: fill, width: 0, points: { show: false }, value,
      paths: window.uPlot.paths.bars({ size: [0.8, 40], align: 1 }),
    });
    const columns = () => {
      const times = Array.from(minutes.keys()).sort((a, b) => a - b).slice(-most);
      const at = (index) => times.map((time) => minutes.get(time)[index]);
      const counted = at(0);
      return [times.map((time) => time / SECOND), at(1).map((others, index) => others + counted[index]), counted];
    };
    const axis = { stroke: colour('--soft'), grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false }, font: '12px sans-serif' };
    const plot = new window.uPlot({
      width: place.clientWidth - 32, height: 190,
      tzDate: (seconds) => window.uPlot.tzDate(new Date(seconds * SECOND), zone),
      cursor: { y: false, points: { show: false } },
      scales: { y: { range: (self, low, high) => [0, Math.max(4, high * 1.1)] } },
      axes: [
        { ...axis, values: [[86400, '{MM}-{DD}', null, null, null, null, null, null, 1],
          [60, '{HH}:{mm}', '\n{MM}-{DD}', null, '\n{MM}-{DD}', null, null, null, 1]] },
        { ...axis, size: 44, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000] },
      ],
      series: [
        { label: place.dataset.time, value: '{MM}-{DD} {HH}:{mm}' },
        series('others', colour('--others'), (self, value, index, at) => (at === null ? '–' : String(value - self.data[2][at]))),
        series('counted', colour('--sms'), (self, value) => (value === null || value === undefined ? '–' : String(value))),
      ],
    }, columns(), place);
    place.querySelector('.drawn').hidden = true;
    const resize = () => plot.setSize({ width: place.clientWidth - 32, height: 190 });
    window.addEventListener('resize', resize);
    chart = {
      add(recent) {
        if (step !== MINUTE) return;
        recent.forEach(([time, counted, others]) => minutes.set(time, [counted, others]));
        plot.setData(columns());
        const none = place.querySelector('.nothing');
        if (none && recent.some(([, counted, others]) => counted + others > 0)) none.remove();
      },
      end() {
        window.removeEventListener('resize', resize);
        plot.destroy();
      },
    };
  }

  function begin() {
    follow();
    draw();
    const print = document.getElementById('print');
    print.hidden = false;
    print.addEventListener('click', () => window.print());
    document.getElementById('flow-table').addEventListener('toggle', (event) => {
      if (event.target.open) event.target.querySelector('.short').scrollTop = 0;
    });
  }

  begin();
  window.matchMedia('print').addListener(draw); // in the colours of the paper, and back
  // Columns of ten minutes or an hour, and the table, are of when the page was drawn.
  setInterval(renew, 10 * MINUTE);
})();

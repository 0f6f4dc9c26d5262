// What moves in index.html: the film of sample grids, the curves and the histograms over time. Plain JavaScript, no library.
#include "apps/support/report/report.h"

namespace duel {

const char* const report_script = R"js(
'use strict';
document.documentElement.classList.add('js');
const data = JSON.parse(document.getElementById('data').textContent);

// Frames that a slider, a button and keys go through, one each `period` milliseconds while it plays; show(i) draws one of them.
function player(count, slider, play, period, show) {
  let at = count - 1, timer = 0;
  function go(i) {
    at = Math.max(0, Math.min(count - 1, i));
    slider.value = at;
    show(at);
  }
  function stop() {
    clearInterval(timer);
    timer = 0;
    play.textContent = '▶';
    play.setAttribute('aria-label', 'Play');
  }
  function start() {
    if (at === count - 1) go(0);
    timer = setInterval(() => { if (at < count - 1) go(at + 1); if (at === count - 1) stop(); }, period);
    play.textContent = '❚❚';
    play.setAttribute('aria-label', 'Pause');
  }
  slider.max = count - 1;
  play.onclick = () => timer ? stop() : start();
  slider.oninput = () => { stop(); go(+slider.value); };
  addEventListener('keydown', e => {
    if (e.altKey || e.ctrlKey || e.metaKey) return;
    const other = e.target.closest && e.target.closest('button, a, input[type=checkbox]');
    if (e.key === 'ArrowLeft') { stop(); go(at - 1); }
    else if (e.key === 'ArrowRight') { stop(); go(at + 1); }
    else if (e.key === 'Home') { stop(); go(0); }
    else if (e.key === 'End') { stop(); go(count - 1); }
    else if (e.key === ' ' && !other) timer ? stop() : start();
    else return;
    e.preventDefault();
  });
  addEventListener('beforeprint', stop);
  return {go, again: () => go(at), atEnd: () => !timer && at === count - 1};
}

(function film() {
  const slider = document.getElementById('film-slider');
  if (!slider) return;
  const image = document.getElementById('film-image'), step = document.getElementById('film-step'), play = document.getElementById('film-play');
  const frames = data.film;
  frames[frames.length - 1].src = image.src;
  const film = player(frames.length, slider, play, Math.max(60, Math.min(400, 6000 / frames.length)), i => {
    image.src = frames[i].src;
    image.alt = 'Generated samples after step ' + frames[i].step;
    step.textContent = frames[i].step;
    slider.setAttribute('aria-valuetext', 'step ' + frames[i].step);
  });
  data.watching = film.atEnd;
  addEventListener('beforeprint', () => film.go(frames.length - 1));
})();

// About `count` round values from low to high.
function ticks(low, high, count) {
  const raw = (high - low) / count, power = Math.pow(10, Math.floor(Math.log10(raw)));
  const unit = [1, 2, 5, 10].find(u => u * power >= raw * .999) * power, out = [];
  for (let k = Math.ceil(low / unit - 1e-9); k * unit <= high + unit * 1e-9; k++) out.push(k === 0 ? 0 : k * unit);   // k may be −0
  return {values: out, unit};
}
const digits = unit => Math.max(0, Math.min(8, -Math.floor(Math.log10(unit) + 1e-9)));
const withCommas = v => Math.round(v).toLocaleString('en');
function readable(v, share) {
  if (v === null) return '–';
  if (share) return (100 * v).toFixed(1) + ' %';
  const a = Math.abs(v);
  return a !== 0 && (a < .001 || a >= 1e6) ? v.toExponential(2) : v.toFixed(a < 10 ? 3 : a < 100 ? 2 : 1);
}
// Index of the x nearest to `wanted`.
function nearest(xs, wanted) {
  let low = 0, high = xs.length - 1;
  while (high - low > 1) { const mid = (low + high) >> 1; if (xs[mid] < wanted) low = mid; else high = mid; }
  return Math.abs(xs[low] - wanted) <= Math.abs(xs[high] - wanted) ? low : high;
}

const NS = 'http://www.w3.org/2000/svg';
const least = a => a.reduce((m, v) => Math.min(m, v), Infinity), most = a => a.reduce((m, v) => Math.max(m, v), -Infinity);

function element(svg, tag, attributes, text) {
  const node = svg.appendChild(document.createElementNS(NS, tag));
  for (const name in attributes) node.setAttribute(name, attributes[name]);
  if (text !== undefined) node.textContent = text;
  return node;
}
// Makes an empty picture as wide as its box, and says how high.
function clear(svg, box) {
  const width = Math.max(260, box.clientWidth), height = Math.round(Math.min(300, Math.max(190, width * .5)));
  svg.setAttribute('viewBox', '0 0 ' + width + ' ' + height);
  svg.replaceChildren();
  return {width, height};
}
// Axes for steps x0 … x1 and values y0 … y1; where things lie between them.
function axes(svg, {width, height}, x0, x1, y0, y1, share) {
  const add = (tag, attributes, text) => element(svg, tag, attributes, text);
  const yt = ticks(y0, y1, 5), places = digits(yt.unit);
  const label = v => share ? Math.round(100 * v) + ' %' : Math.abs(v) >= 1e6 ? v.toExponential(1) : v.toFixed(places);
  const left = 14 + 7 * most(yt.values.map(v => label(v).length)), right = 14, top = 8, bottom = 40;
  const X = v => left + (v - x0) / (x1 - x0) * (width - left - right), Y = v => top + (y1 - v) / (y1 - y0) * (height - top - bottom);
  for (const v of yt.values) {
    add('line', {class: 'rule', x1: left, x2: width - right, y1: Y(v), y2: Y(v)});
    add('text', {x: left - 8, y: Y(v) + 4, 'text-anchor': 'end'}, label(v));
  }
  for (const v of ticks(Math.max(x0, 0), x1, Math.max(2, Math.floor(width / 110))).values) {
    if (v !== Math.round(v)) continue;
    add('line', {class: 'axis', x1: X(v), x2: X(v), y1: height - bottom, y2: height - bottom + 4});
    add('text', {x: X(v), y: height - bottom + 17, 'text-anchor': 'middle'}, withCommas(v));
  }
  add('line', {class: 'axis', x1: left, x2: width - right, y1: height - bottom, y2: height - bottom});
  add('text', {x: (left + width - right) / 2, y: height - 4, 'text-anchor': 'middle'}, 'step');
  return {X, x0, x1, left, right, top, bottom, width, height, Y};
}
// The step under the pointer, or null beside the axes.
function stepAt(event, svg, s) {
  const place = svg.getBoundingClientRect(), x = (event.clientX - place.left) * s.width / place.width;
  const step = s.x0 + (x - s.left) / (s.width - s.left - s.right) * (s.x1 - s.x0);
  return step >= s.x0 && step <= s.x1 ? step : null;
}
function placeTip(tip, svg, box, s, step) {
  const place = svg.getBoundingClientRect(), where = s.X(step) * place.width / s.width;
  tip.hidden = false;
  tip.style.top = place.top - box.getBoundingClientRect().top + 8 + 'px';
  tip.style.left = (where + 14 + tip.offsetWidth > box.clientWidth ? Math.max(0, where - 14 - tip.offsetWidth) : where + 14) + 'px';
}
// Draws now, and again whenever the box has another width.
function drawToFit(box, draw) {
  let drawn = -1;
  const fit = () => { if (box.clientWidth !== drawn) { drawn = box.clientWidth; draw(); } };
  fit();
  new ResizeObserver(fit).observe(box);
}

function chart(series, box) {
  const colour = i => 'var(--c' + i % 6 + ')';
  const shown = series.curves.map(() => true);
  const legend = box.appendChild(document.createElement('div')), svg = box.appendChild(document.createElementNS(NS, 'svg'));
  legend.className = 'legend';
  series.curves.forEach((curve, i) => {
    const button = legend.appendChild(document.createElement('button')), mark = button.appendChild(document.createElement('i'));
    button.type = 'button';
    button.title = 'Show or hide';
    mark.style.background = colour(i);
    button.append(curve.name);
    button.setAttribute('aria-pressed', 'true');
    button.onclick = () => { shown[i] = !shown[i]; button.setAttribute('aria-pressed', shown[i]); draw(); };
  });
  if (series.curves.some(c => c.low)) {
    const note = legend.appendChild(document.createElement('span'));
    note.textContent = 'line: mean, band: range of each interval';
  }
  const tip = box.appendChild(document.createElement('div'));
  tip.className = 'tip';
  tip.hidden = true;
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', series.title);
  let scale = null;

  const add = (tag, attributes, text) => element(svg, tag, attributes, text);
  function draw() {
    const size = clear(svg, box), {width, height} = size;
    tip.hidden = true;
    scale = null;
    const all = series.curves.filter((c, i) => shown[i]), value = v => v !== null;
    const xs = all.flatMap(c => c.x).filter(value), ys = all.flatMap(c => c.low ? c.low.concat(c.high) : c.y).filter(value);
    if (!ys.length) { add('text', {x: width / 2, y: height / 2, 'text-anchor': 'middle'}, all.length ? 'no finite value yet' : 'nothing chosen'); return; }
    let x0 = least(xs), x1 = most(xs), y0 = least(ys), y1 = most(ys);
    if (x1 === x0) { x0 -= 1; x1 += 1; }
    else if (x0 > 0 && x0 < .05 * x1) x0 = 0;
    if (series.share) { y0 = Math.min(0, y0); y1 = Math.max(1, y1); }
    else {
      if (y0 > 0 && y0 < .5 * y1) y0 = 0;
      const pad = (y1 - y0 || Math.abs(y1) || 1) * .05;
      if (y0 !== 0) y0 -= pad;
      y1 += pad;
    }
    scale = axes(svg, size, x0, x1, y0, y1, series.share);
    const {X, Y} = scale;
    const point = (x, y) => X(x).toFixed(1) + ' ' + Y(y).toFixed(1);
    series.curves.forEach((c, i) => {
      if (!shown[i]) return;
      let line = '', band = '', dots = '', run = [];
      const close = () => {
        if (run.length === 1) dots += 'M' + point(c.x[run[0]], c.y[run[0]]) + 'h.01';
        if (c.low && run.length > 1)
          band += 'M' + run.map(k => point(c.x[k], c.high[k])).join('L') + 'L' + run.slice().reverse().map(k => point(c.x[k], c.low[k])).join('L') + 'Z';
        run = [];
      };
      c.y.forEach((y, k) => {
        if (y === null) return close();
        line += (run.length ? 'L' : 'M') + point(c.x[k], y);
        run.push(k);
      });
      close();
      if (band) add('path', {class: 'band', d: band, fill: colour(i)});
      add('path', {class: 'curve', d: line, stroke: colour(i)});
      if (dots) add('path', {class: 'curve dots', d: dots, stroke: colour(i)});
    });
  }
  function hover(e) {
    for (const node of svg.querySelectorAll('.live')) node.remove();
    if (!scale) return;
    const s = scale, step = stepAt(e, svg, s);
    if (step === null) { tip.hidden = true; return; }
    const x = s.X(step);
    const cross = add('line', {class: 'cross live', x1: x, x2: x, y1: s.top, y2: s.height - s.bottom});
    tip.replaceChildren();
    const head = tip.appendChild(document.createElement('div'));
    let at = null;
    series.curves.forEach((c, i) => {
      if (!shown[i] || !c.x.length) return;
      const k = nearest(c.x, step);
      if (at === null) { at = c.x[k]; cross.setAttribute('x1', s.X(at)); cross.setAttribute('x2', s.X(at)); }
      if (c.y[k] !== null) add('circle', {class: 'live', cx: s.X(c.x[k]), cy: s.Y(c.y[k]), r: 3.5, fill: colour(i)});
      const row = tip.appendChild(document.createElement('div')), mark = row.appendChild(document.createElement('i'));
      mark.style.background = colour(i);
      row.append(c.name);
      row.appendChild(document.createElement('b')).textContent = readable(c.y[k], series.share);
    });
    head.textContent = 'step ' + withCommas(at === null ? step : at);
    placeTip(tip, svg, box, s, at === null ? step : at);
  }
  const leave = () => { tip.hidden = true; for (const node of svg.querySelectorAll('.live')) node.remove(); };
  svg.addEventListener('pointermove', hover);
  svg.addEventListener('pointerdown', hover);
  svg.addEventListener('pointerleave', leave);
  drawToFit(box, draw);
}

// Histograms side by side, each as wide as its share of the steps; the darker a cell, the more values.
function heat(d, box) {
  const svg = box.appendChild(document.createElementNS(NS, 'svg')), tip = box.appendChild(document.createElement('div'));
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', d.title);
  tip.className = 'tip';
  tip.hidden = true;
  const columns = d.columns.map(([step, [low, high], counts]) => ({step, low, high, counts, all: counts.reduce((a, b) => a + b, 0)}));
  let scale = null;
  function draw() {
    const size = clear(svg, box);
    tip.hidden = true;
    scale = null;
    if (!columns.length) { element(svg, 'text', {x: size.width / 2, y: size.height / 2, 'text-anchor': 'middle'}, 'nothing yet'); return; }
    const edge = i => i <= 0 ? Math.max(0, columns[0].step - (columns.length > 1 ? (columns[1].step - columns[0].step) / 2 : 1))
        : i >= columns.length ? columns[i - 1].step + (columns.length > 1 ? (columns[i - 1].step - columns[i - 2].step) / 2 : 1)
        : (columns[i - 1].step + columns[i].step) / 2;
    const y0 = d.share ? 0 : least(columns.map(c => c.low)), y1 = d.share ? 1 : most(columns.map(c => c.high));
    scale = axes(svg, size, Math.min(edge(0), columns[0].step < .05 * columns[columns.length - 1].step ? 0 : Infinity), edge(columns.length), y0, y1, d.share);
    columns.forEach((c, i) => {
      const from = scale.X(edge(i)), to = scale.X(edge(i + 1)), height = (c.high - c.low) / c.counts.length;
      c.counts.forEach((n, k) => {
        if (!n) return;
        const top = scale.Y(c.low + (k + 1) * height), bottom = scale.Y(c.low + k * height);
        element(svg, 'rect', {class: 'cell', x: from.toFixed(1), y: top.toFixed(1), width: Math.max(.5, to - from).toFixed(1),
                              height: Math.max(.5, bottom - top).toFixed(1), fill: 'var(--c' + d.colour + ')', opacity: Math.sqrt(n / c.all).toFixed(2)});
      });
    });
  }
  function hover(e) {
    for (const node of svg.querySelectorAll('.live')) node.remove();
    const step = scale && stepAt(e, svg, scale);
    if (step === null) { tip.hidden = true; return; }
    const c = columns[nearest(columns.map(c => c.step), step)], x = scale.X(c.step);
    element(svg, 'line', {class: 'cross live', x1: x, x2: x, y1: scale.top, y2: scale.height - scale.bottom});
    tip.replaceChildren();
    tip.appendChild(document.createElement('div')).textContent = 'step ' + withCommas(c.step);
    const bars = tip.appendChild(document.createElementNS(NS, 'svg')), highest = most(c.counts), width = 150 / c.counts.length;
    bars.setAttribute('viewBox', '0 0 150 60');
    c.counts.forEach((n, k) => element(bars, 'rect', {x: k * width, width: width * .9, y: 60 - 60 * n / highest, height: 60 * n / highest,
                                                      fill: 'var(--c' + d.colour + ')'}));
    tip.appendChild(document.createElement('div')).textContent = readable(c.low, d.share) + ' … ' + readable(c.high, d.share);
    placeTip(tip, svg, box, scale, c.step);
  }
  const leave = () => { tip.hidden = true; for (const node of svg.querySelectorAll('.live')) node.remove(); };
  svg.addEventListener('pointermove', hover);
  svg.addEventListener('pointerdown', hover);
  svg.addEventListener('pointerleave', leave);
  drawToFit(box, draw);
}

data.series.forEach((series, i) => chart(series, document.getElementById('plot-' + i)));
data.distributions.forEach((d, i) => { d.colour = i % 6; heat(d, document.getElementById('heat-' + i)); });

// While the run goes on the page is written again and again. It is loaded anew unless somebody is doing something with it.
if (data.lookAgain) {
  let touched = 0;
  for (const kind of ['pointermove', 'pointerdown', 'keydown', 'wheel', 'touchstart']) addEventListener(kind, () => touched = Date.now(), {passive: true});
  setInterval(() => {
    if (Date.now() - touched > 10000 && document.visibilityState === 'visible' && (!data.watching || data.watching())) location.reload();
  }, 1000 * data.lookAgain);
}
)js";

}  // namespace duel

// What moves in index.html: the film of sample grids and the curves. Plain JavaScript, no library.
#include "apps/support/report.h"

namespace duel {

const char* const report_script = R"js(
'use strict';
document.documentElement.classList.add('js');
const data = JSON.parse(document.getElementById('data').textContent);

(function film() {
  const slider = document.getElementById('film-slider');
  if (!slider) return;
  const image = document.getElementById('film-image'), step = document.getElementById('film-step'), play = document.getElementById('film-play');
  const frames = data.film;
  frames[frames.length - 1].src = image.src;
  let at = frames.length - 1, timer = 0;
  function show(i) {
    at = Math.max(0, Math.min(frames.length - 1, i));
    image.src = frames[at].src;
    image.alt = 'Generated samples after step ' + frames[at].step;
    step.textContent = frames[at].step;
    slider.value = at;
    slider.setAttribute('aria-valuetext', 'step ' + frames[at].step);
  }
  function stop() {
    clearInterval(timer);
    timer = 0;
    play.textContent = '▶';
    play.setAttribute('aria-label', 'Play');
  }
  function start() {
    if (at === frames.length - 1) show(0);
    timer = setInterval(() => { if (at < frames.length - 1) show(at + 1); if (at === frames.length - 1) stop(); },
                        Math.max(60, Math.min(400, 6000 / frames.length)));
    play.textContent = '❚❚';
    play.setAttribute('aria-label', 'Pause');
  }
  play.onclick = () => timer ? stop() : start();
  slider.oninput = () => { stop(); show(+slider.value); };
  addEventListener('keydown', e => {
    if (e.altKey || e.ctrlKey || e.metaKey) return;
    const other = e.target.closest && e.target.closest('button, a');
    if (e.key === 'ArrowLeft') { stop(); show(at - 1); }
    else if (e.key === 'ArrowRight') { stop(); show(at + 1); }
    else if (e.key === 'Home') { stop(); show(0); }
    else if (e.key === 'End') { stop(); show(frames.length - 1); }
    else if (e.key === ' ' && !other) timer ? stop() : start();
    else return;
    e.preventDefault();
  });
  addEventListener('beforeprint', () => { stop(); show(frames.length - 1); });
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

function chart(series, box) {
  const NS = 'http://www.w3.org/2000/svg', colour = i => 'var(--c' + i % 6 + ')';
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

  function add(tag, attributes, text) {
    const node = svg.appendChild(document.createElementNS(NS, tag));
    for (const name in attributes) node.setAttribute(name, attributes[name]);
    if (text !== undefined) node.textContent = text;
    return node;
  }
  function draw() {
    const width = Math.max(260, box.clientWidth), height = Math.round(Math.min(300, Math.max(190, width * .5)));
    svg.setAttribute('viewBox', '0 0 ' + width + ' ' + height);
    svg.replaceChildren();
    tip.hidden = true;
    scale = null;
    const all = series.curves.filter((c, i) => shown[i]), value = v => v !== null;
    const xs = all.flatMap(c => c.x).filter(value), ys = all.flatMap(c => c.low ? c.low.concat(c.high) : c.y).filter(value);
    const least = a => a.reduce((m, v) => Math.min(m, v), Infinity), most = a => a.reduce((m, v) => Math.max(m, v), -Infinity);
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
    const yt = ticks(y0, y1, 5), places = digits(yt.unit);
    const label = v => series.share ? Math.round(100 * v) + ' %' : Math.abs(v) >= 1e6 ? v.toExponential(1) : v.toFixed(places);
    const left = 14 + 7 * most(yt.values.map(v => label(v).length)), right = 14, top = 8, bottom = 40;
    const X = v => left + (v - x0) / (x1 - x0) * (width - left - right), Y = v => top + (y1 - v) / (y1 - y0) * (height - top - bottom);
    scale = {X, x0, x1, left, right, top, bottom, width, height, Y};
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
    const place = svg.getBoundingClientRect(), s = scale;
    const x = (e.clientX - place.left) * s.width / place.width, step = s.x0 + (x - s.left) / (s.width - s.left - s.right) * (s.x1 - s.x0);
    if (!(step >= s.x0 && step <= s.x1)) { tip.hidden = true; return; }
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
    tip.hidden = false;
    tip.style.top = place.top - box.getBoundingClientRect().top + 8 + 'px';
    const where = (at === null ? x : s.X(at)) * place.width / s.width;
    tip.style.left = (where + 14 + tip.offsetWidth > box.clientWidth ? Math.max(0, where - 14 - tip.offsetWidth) : where + 14) + 'px';
  }
  const leave = () => { tip.hidden = true; for (const node of svg.querySelectorAll('.live')) node.remove(); };
  svg.addEventListener('pointermove', hover);
  svg.addEventListener('pointerdown', hover);
  svg.addEventListener('pointerleave', leave);
  let drawn = 0;
  new ResizeObserver(() => { if (box.clientWidth !== drawn) { drawn = box.clientWidth; draw(); } }).observe(box);
}
data.series.forEach((series, i) => chart(series, document.getElementById('plot-' + i)));
)js";

}  // namespace duel

// What moves on the page of gan2d. Plain JavaScript on canvases, no library.
#include "apps/support/gan2d/page.h"

namespace duel {

const char* const film_html = R"html(<section class="card" id="plane" aria-label="Points over time">
<div class="panels" id="plane-panels"></div>
<div class="controls"><button type="button" id="plane-play" aria-label="Play">▶</button>
<input type="range" id="plane-slider" min="0" value="0" aria-label="Training step">
<span class="plane-step">step <output id="plane-step"></output></span></div>
<p class="plane-key">
<label><input type="checkbox" id="show-real" checked><i class="dot real"></i>real points</label>
<label><input type="checkbox" id="show-made" checked><i class="dot made"></i>generated points</label>
<label><input type="checkbox" id="show-field" checked><i class="field"></i>what D says: <span>generated</span> … <span>real</span></label>
<label><input type="checkbox" id="show-arrows" checked>→ where G's loss would move its points</label>
<span class="hint">← → to step, space to play</span></p>
<noscript><p class="note">The points are drawn by JavaScript; the numbers are in metrics.jsonl.</p></noscript>
</section>
)html";

const char* const film_style = R"css(
.charts { margin-bottom: 20px; }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(300px, 100%), 1fr)); gap: 16px; justify-items: center; }
.panels figure { margin: 0; width: 100%; max-width: min(640px, 74vh); }
.panels canvas { display: block; width: 100%; aspect-ratio: 1; border-radius: 8px; background: #fff; }
.panels h3 { margin: 0 0 6px; font-size: 14px; font-weight: 650; }
.panels figcaption { margin: 6px 0 0; display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 14px; font-variant-numeric: tabular-nums; }
.plane-step { color: var(--soft); white-space: nowrap; min-width: 86px; }
.plane-key { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 12px 0 0; font-size: 14px; }
.plane-key label { display: inline-flex; align-items: center; gap: 6px; cursor: pointer; }
.plane-key input { margin: 0; accent-color: var(--soft); }
.plane-key .dot { width: 9px; height: 9px; border-radius: 50%; }
.plane-key .real { background: #0a5f73; }
.plane-key .made { background: #d3420a; }
.plane-key .field { width: 36px; height: 10px; border-radius: 3px; border: 1px solid var(--line); background: linear-gradient(90deg, #ffcfae, #ffffff, #a9dbe4); }
.plane-key .hint { margin-left: auto; }
@media (max-width: 860px) { .plane-key .hint { display: none; } }
@media print { .plane-key input, .plane-key .hint { display: none; } }
)css";

const char* const film_script = R"js(
'use strict';
(function plane() {
  const stage = JSON.parse(document.getElementById('stage-data').textContent), side = stage.side;
  const get = id => document.getElementById(id);
  const bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
  // Pairs of 16-bit numbers in units of the picture's half side: see packed_points in page.cpp.
  const coordinates = text => { const b = bytes(text), out = []; for (let i = 0; i < b.length; i += 2) out.push(((b[i] | b[i + 1] << 8) / 65535 - .5) * 3); return out; };
  // 0, generated: orange; ½: white; 1, real: blue.
  const low = [255, 207, 174], high = [169, 219, 228];
  const shade = v => { const end = v < 128 ? low : high, far = Math.abs(v - 127.5) / 127.5; return end.map(c => 255 + (c - 255) * far); };
  const panels = stage.panels.map(panel => {
    const figure = get('plane-panels').appendChild(document.createElement('figure'));
    if (panel.name) figure.appendChild(document.createElement('h3')).textContent = panel.name;
    const canvas = figure.appendChild(document.createElement('canvas')), caption = figure.appendChild(document.createElement('figcaption'));
    canvas.setAttribute('role', 'img');
    const score = caption.appendChild(document.createElement('b')), length = caption.appendChild(document.createElement('span'));
    const field = document.createElement('canvas');
    field.width = field.height = side;
    return {...panel, canvas, score, length, field, real: coordinates(panel.real),
            frames: panel.frames.map(f => ({...f, points: coordinates(f.points)}))};
  });
  const frames = panels[0].frames, slider = get('plane-slider');
  const showing = name => get('show-' + name).checked;

  function draw(panel, at) {
    const frame = panel.frames[at], canvas = panel.canvas, size = Math.max(1, Math.round(canvas.clientWidth * (window.devicePixelRatio || 1)));
    if (canvas.width !== size) canvas.width = canvas.height = size;
    const c = canvas.getContext('2d'), X = v => (v + 1) / 2 * size, Y = v => (1 - v) / 2 * size, unit = size / 560;
    c.fillStyle = '#fff';
    c.fillRect(0, 0, size, size);
    if (showing('field')) {
      const of = panel.field.getContext('2d'), image = of.createImageData(side, side), said = bytes(frame.field);
      said.forEach((v, i) => { const [r, g, b] = shade(v); image.data.set([r, g, b, 255], 4 * i); });
      of.putImageData(image, 0, 0);
      c.imageSmoothingEnabled = true;
      c.imageSmoothingQuality = 'high';
      c.drawImage(panel.field, 0, 0, size, size);
    }
    const dots = (points, colour, radius) => {
      c.fillStyle = colour;
      for (let i = 0; i < points.length; i += 2) { c.beginPath(); c.arc(X(points[i]), Y(points[i + 1]), radius * unit, 0, 7); c.fill(); }
    };
    if (showing('real')) dots(panel.real, 'rgba(10, 95, 115, .55)', 2.2);
    if (showing('made')) dots(frame.points, 'rgba(211, 66, 10, .7)', 2.6);
    if (showing('arrows')) {
      c.strokeStyle = c.fillStyle = '#1d1f24';
      c.lineWidth = 1.2 * unit;
      for (let i = 0; i < frame.arrows.length; i += 2) {
        let dx = frame.arrows[i] / panel.unit, dy = -frame.arrows[i + 1] / panel.unit;
        const raw = Math.hypot(dx, dy), shown = Math.min(raw, 1.5) * 34 * unit;
        if (!(shown > 1.5 * unit)) continue;   // too short to have a direction
        dx /= raw; dy /= raw;
        const x = X(frame.points[i]), y = Y(frame.points[i + 1]), tip = Math.min(5 * unit, shown * .5), ex = x + dx * shown, ey = y + dy * shown;
        c.beginPath(); c.moveTo(x, y); c.lineTo(ex - dx * tip, ey - dy * tip); c.stroke();
        c.beginPath(); c.moveTo(ex, ey); c.lineTo(ex - dx * tip - dy * tip * .5, ey - dy * tip + dx * tip * .5);
        c.lineTo(ex - dx * tip + dy * tip * .5, ey - dy * tip - dx * tip * .5); c.fill();
      }
    }
    panel.score.textContent = frame.score;
    panel.length.textContent = 'arrows: mean ' + frame.length;
    canvas.setAttribute('aria-label', panel.name + ' step ' + frame.step + ': ' + frame.score);
  }
  // player() is the report's (report/script.cpp), which stands before this.
  const film = player(frames.length, slider, get('plane-play'), 150, i => {
    panels.forEach(panel => draw(panel, i));
    get('plane-step').textContent = frames[i].step.toLocaleString('en');
    slider.setAttribute('aria-valuetext', 'step ' + frames[i].step);
  });
  for (const name of ['real', 'made', 'field', 'arrows']) get('show-' + name).onchange = film.again;
  new ResizeObserver(film.again).observe(get('plane-panels'));
  const wanted = /^#frame=(\d+)$/.exec(location.hash);   // a link to one moment
  film.go(wanted ? +wanted[1] : frames.length - 1);
})();
)js";

}  // namespace duel

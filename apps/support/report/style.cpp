// The look of index.html: system fonts, two palettes, a sheet for paper.
#include "apps/support/report/report.h"

namespace duel {

const char* const report_style = R"css(
:root {
  --back: #f6f5f2; --card: #ffffff; --ink: #1d1f24; --soft: #5c626d; --line: #e2e0da; --grid: #eceae5; --screen: #efede8;
  --good: #11713f; --good-back: #e2f3e8; --bad: #a8231c; --bad-back: #fbe6e3;
  --c0: #1668b8; --c1: #c8501a; --c2: #12805c; --c3: #a3388f; --c4: #8a6d00; --c5: #5a4fcf;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #131518; --card: #1c1f24; --ink: #e9e8e4; --soft: #a0a6b0; --line: #31353c; --grid: #292d33; --screen: #131518;
    --good: #7fdca4; --good-back: #17351f; --bad: #ff9d92; --bad-back: #43201d;
    --c0: #62aef5; --c1: #ff9863; --c2: #4fcf9f; --c3: #ee8fd9; --c4: #e3c34a; --c5: #a9a0ff;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
header, main { max-width: 1240px; margin: 0 auto; padding: 0 24px; }
header { padding-top: 36px; padding-bottom: 20px; }
h1 { margin: 0; font-size: 28px; line-height: 1.2; font-weight: 650; letter-spacing: -.015em; overflow-wrap: anywhere; }
header p { margin: 6px 0 0; color: var(--soft); font-variant-numeric: tabular-nums; }
h2 { margin: 0 0 10px; font-size: 15px; font-weight: 650; }
main { padding-bottom: 48px; }
.card { margin: 0 0 20px; padding: 20px; background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
.wide { overflow-x: auto; }
.words p { margin: 0 0 10px; max-width: 90ch; }
.words p:last-child { margin-bottom: 0; }
.top { display: grid; grid-template-columns: minmax(0, 1.25fr) minmax(0, 1fr); gap: 20px; align-items: start; }
.top > :only-child { grid-column: 1 / -1; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(440px, 100%), 1fr)); gap: 20px; margin-bottom: 20px; }
.charts .card { margin: 0; }
.foot .card:last-child { margin-bottom: 0; }
header .live { color: var(--good); }
.plot .cell { stroke: none; }
.tip svg { display: block; width: 150px; height: 60px; margin-top: 4px; }
.pictures { margin-bottom: 20px; align-items: start; }
.screen { background: var(--screen); border-radius: 6px; overflow: hidden; }
.screen img { display: block; width: 100%; height: auto; image-rendering: pixelated; }
.samples .screen img { max-height: 78vh; object-fit: contain; }
figcaption, .note { margin: 10px 0 0; color: var(--soft); font-size: 14px; }
.note { margin: -6px 0 10px; }
output { color: var(--ink); font-weight: 600; font-variant-numeric: tabular-nums; }
.controls { display: none; align-items: center; gap: 12px; margin-top: 10px; }
.js .controls { display: flex; }
.controls button { flex: none; width: 36px; height: 36px; padding: 0; border: 1px solid var(--line); border-radius: 50%; background: var(--back);
  color: var(--ink); font-size: 13px; line-height: 1; cursor: pointer; }
.controls button:hover { border-color: var(--soft); }
.controls input { flex: 1; min-width: 80px; accent-color: var(--c0); }
.hint { color: var(--soft); font-size: 13px; white-space: nowrap; }
:focus-visible { outline: 2px solid var(--c0); outline-offset: 2px; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: 7px 0 7px 14px; border-top: 1px solid var(--line); text-align: left; vertical-align: top; font-weight: 400; }
th:first-child, td:first-child { padding-left: 0; }
thead th { border-top: 0; padding-top: 0; color: var(--soft); font-size: 13px; }
.checks tbody th { font-weight: 600; }
.checks small { display: block; color: var(--soft); font-size: 13px; line-height: 1.4; font-weight: 400; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.settings, .settings tbody { display: block; }
.settings tbody { columns: 300px; column-gap: 40px; }
.settings tr { display: flex; justify-content: space-between; break-inside: avoid; border-top: 1px solid var(--line); }
.settings th, .settings td { border: 0; padding: 5px 0; }
.settings th { color: var(--soft); white-space: nowrap; padding-right: 14px; }
.settings td { text-align: right; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.verdict { display: inline-block; padding: 0 9px; border-radius: 10px; font-size: 13px; font-weight: 600; white-space: nowrap; }
.pass { color: var(--good); background: var(--good-back); }
.fail { color: var(--bad); background: var(--bad-back); }
.plot { position: relative; }
.plot svg { display: block; width: 100%; height: auto; overflow: visible; touch-action: pan-y; }
.plot text { fill: var(--soft); font-size: 12px; font-variant-numeric: tabular-nums; }
.plot .rule { stroke: var(--grid); }
.plot .axis { stroke: var(--line); }
.plot .cross { stroke: var(--soft); stroke-dasharray: 3 3; }
.plot .curve { fill: none; stroke-width: 1.6; stroke-linejoin: round; stroke-linecap: round; }
.plot .dots { stroke-width: 6; }
.plot .band { stroke: none; opacity: .18; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 6px; margin: 0 0 6px -7px; }
.legend button { display: inline-flex; align-items: center; gap: 6px; padding: 2px 7px; border: 0; border-radius: 6px; background: none; color: var(--ink);
  font: inherit; font-size: 13px; font-variant-numeric: tabular-nums; cursor: pointer; }
.legend button:hover { background: var(--back); }
.legend span { margin-left: auto; color: var(--soft); font-size: 12px; align-self: center; }
.legend i { width: 14px; height: 3px; border-radius: 2px; }
.legend [aria-pressed=false] { opacity: .4; text-decoration: line-through; }
.tip { position: absolute; top: 0; padding: 6px 10px; border: 1px solid var(--line); border-radius: 8px; background: var(--card); font-size: 13px;
  font-variant-numeric: tabular-nums; white-space: nowrap; pointer-events: none; box-shadow: 0 4px 14px rgb(0 0 0 / .14); }
.tip div { display: flex; align-items: center; gap: 6px; }
.tip i { width: 8px; height: 8px; border-radius: 50%; }
.tip b { margin-left: auto; padding-left: 14px; font-weight: 600; }
@media (max-width: 860px) {
  header, main { padding-left: 14px; padding-right: 14px; }
  .top { grid-template-columns: minmax(0, 1fr); }
  .top, .charts { gap: 14px; }
  .top > .samples, .side > :last-child { margin-bottom: 0; }
  .top { margin-bottom: 14px; }
  .hint { display: none; }
}
@media print {
  :root {
    --back: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --grid: #ddd; --screen: #fff; --good: #000; --good-back: #fff; --bad: #000;
    --bad-back: #fff; --c0: #1668b8; --c1: #c8501a; --c2: #12805c; --c3: #a3388f; --c4: #8a6d00; --c5: #5a4fcf;
  }
  header, main { max-width: none; padding: 0; }
  .card { break-inside: avoid; border-radius: 0; padding: 10px 0; border-width: 1px 0 0; }
  .top { display: block; }
  .samples .screen { max-width: 130mm; }
  .charts { grid-template-columns: 1fr 1fr; }
  .js .controls, .controls, .tip, .live { display: none; }
  .screen, .screen img, .legend i, .plot svg { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
)css";

}  // namespace duel

/** The report's style sheet: light and dark, desk and phone, screen and paper. */

const colours = `
:root {
  color-scheme: light;
  --page: #f7f6f3; --card: #ffffff; --ink: #1c2024; --quiet: #5a626c; --line: #e1dfd9; --grid: #e9e7e2;
  --accent: #a8430c; --accent-soft: #f9ece3; --cool: #2a5d8f; --code: #f0eee9;
  --good: #1c6b3d; --bad: #a32020; --bad-soft: #fbe9e7; --warn: #85580a; --warn-soft: #fdf3dc;
  --right: 42 93 143; --wrong: 190 84 20; --heat-ink: #ffffff;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    color-scheme: dark;
    --page: #14161a; --card: #1c1f25; --ink: #e7e9ec; --quiet: #a2aab4; --line: #333840; --grid: #2c3138;
    --accent: #f2935c; --accent-soft: #3a2419; --cool: #86b6e6; --code: #252930;
    --good: #74cf97; --bad: #ff9a90; --bad-soft: #40211f; --warn: #eebf62; --warn-soft: #2b2413;
    --right: 134 182 230; --wrong: 240 140 80; --heat-ink: #101215;
  }
}`

const page = `
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
body {
  margin: 0; background: var(--page); color: var(--ink); overflow-wrap: break-word;
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
main, header.page, footer { max-width: 1080px; margin: 0 auto; padding: 0 24px; }
header.page { padding-top: 40px; }
.over { margin: 0; color: var(--accent); font-size: .82rem; font-weight: 600; letter-spacing: .06em; text-transform: uppercase; }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2; letter-spacing: -.01em; }
h2 { margin: 0 0 12px; font-size: 1.35rem; line-height: 1.25; letter-spacing: -.005em; }
h3 { margin: 32px 0 8px; font-size: 1.05rem; }
p, ul, ol { margin: 0 0 12px; max-width: 46rem; }
ul, ol { padding-left: 1.3em; }
li { margin-bottom: 4px; }
a { color: var(--cool); overflow-wrap: anywhere; }
a:focus-visible, summary:focus-visible, .scroll:focus-visible, pre:focus-visible { outline: 2px solid var(--cool); outline-offset: 2px; }
small { font-size: .8rem; color: var(--quiet); font-weight: 400; }
code, pre, .hash, .model { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .86em; }
.quiet { color: var(--quiet); font-size: .9rem; }
.note { margin: 12px 0 0; padding-left: 12px; border-left: 3px solid var(--line); white-space: pre-line; }
.bad { color: var(--bad); }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
main > section { margin: 48px 0 0; scroll-margin-top: 16px; }
nav ul { display: flex; flex-wrap: wrap; gap: 4px 18px; list-style: none; margin: 28px 0 0; padding: 12px 0; border-block: 1px solid var(--line); max-width: none; font-size: .92rem; }
nav li { margin: 0; }
nav a { text-decoration: none; }
nav a:hover { text-decoration: underline; }
footer { margin-top: 56px; padding-block: 20px 40px; }
pre { margin: 0 0 12px; padding: 12px 14px; background: var(--code); border-radius: 6px; overflow-x: auto; line-height: 1.45; }
details { border-top: 1px solid var(--line); padding: 8px 0; }
details + details { margin-top: 0; }
details:last-of-type { border-bottom: 1px solid var(--line); }
summary { cursor: pointer; padding: 4px 0; }
details[open] > summary { margin-bottom: 10px; }
.badge { display: inline-block; padding: 0 6px; border: 1px solid currentColor; border-radius: 9px; color: var(--warn); font: 600 .7rem/1.5 system-ui, sans-serif; white-space: nowrap; vertical-align: 1px; }
.arm { font-weight: 600; }
`

const top = `
.verdict { background: var(--card); border: 1px solid var(--line); border-top: 4px solid var(--tone); border-radius: 8px; padding: 22px 24px 8px; --tone: var(--quiet); }
main > .verdict { margin-top: 24px; }
.verdict.ship, .verdict.ship_with_fallback { --tone: var(--good); }
.verdict.do_not_ship { --tone: var(--bad); }
.verdict.not_enough_data { --tone: var(--warn); }
.verdict.no_need { --tone: var(--cool); }
.verdict .word { margin: 0 0 4px; color: var(--tone); font-weight: 700; }
.verdict .sign { display: inline-block; width: 1.5em; height: 1.5em; margin-right: 4px; border: 2px solid; border-radius: 50%; line-height: 1.32em; text-align: center; font-size: .86em; }
.verdict h2 { font-size: 1.5rem; }
.worse { border-left: 3px solid var(--bad); padding-left: 12px; margin: 14px 0; }
.worse p { margin: 0 0 4px; }
.worse ul { margin: 0; }
.key-figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(215px, 1fr)); gap: 0 28px; margin: 18px 0 0; border-top: 1px solid var(--line); }
.key-figures > div { display: grid; grid-row: span 3; grid-template-rows: subgrid; align-items: start; padding: 14px 0; }
.key-figures dt { align-self: end; }
.key-figures dt { color: var(--quiet); font-size: .85rem; line-height: 1.35; }
.key-figures dd { margin: 0; }
.key-figures .value { font-size: 1.45rem; line-height: 1.4; font-variant-numeric: tabular-nums; white-space: nowrap; letter-spacing: -.01em; }
.key-figures .from, .key-figures .arrow { color: var(--quiet); font-size: 1.1rem; }
.key-figures .to { font-weight: 650; }
.key-figures .detail { color: var(--quiet); font-size: .85rem; line-height: 1.4; }
.first-things { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); gap: 20px; margin-top: 20px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 18px 22px 8px; }
.card h2 { font-size: 1.08rem; margin-bottom: 8px; }
.card.warn { background: var(--warn-soft); border-color: transparent; border-left: 4px solid var(--warn); }
`

const tables = `
.scroll { position: relative; overflow-x: auto; margin: 0 0 12px; background: var(--card); border: 1px solid var(--line); border-radius: 8px; max-width: 100%; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; line-height: 1.4; }
caption { text-align: left; padding: 10px 14px 2px; color: var(--quiet); font-size: .85rem; }
th, td { padding: 8px 14px; text-align: left; vertical-align: top; border-top: 1px solid var(--line); font-weight: 400; }
thead th { border-top: 0; vertical-align: bottom; color: var(--quiet); font-size: .84rem; line-height: 1.3; }
tbody th small, td small { display: block; line-height: 1.35; }
td small { white-space: nowrap; }
.figure { text-align: right; font-variant-numeric: tabular-nums; }
td.figure { white-space: nowrap; }
.words { min-width: 230px; }
.short { min-width: 150px; }
.settings { width: auto; }
.settings th, .settings td { padding-block: 3px; }
.settings tbody th { white-space: nowrap; }
td.hash { overflow-wrap: anywhere; }
table.arms { min-width: 940px; }
table.pairs { min-width: 600px; }
.arms tbody th { width: 296px; }
.arms .model { display: inline-block; }
.pairs tbody th { width: 300px; }
td.chart { min-width: 120px; padding-inline: 16px; }
thead th.chart { padding-inline: 16px; }
.arms .role-after th, .arms .role-after td { background: var(--accent-soft); }
.role-after .arm { color: var(--accent); }
`

const charts = `
svg { display: block; overflow: visible; }
svg text { fill: var(--quiet); font: 12px system-ui, sans-serif; font-variant-numeric: tabular-nums; }
.grid { stroke: var(--grid); stroke-width: 1; }
.base { stroke: var(--quiet); stroke-width: 1; }
.strip .whisker { stroke: var(--quiet); stroke-width: 2; }
.strip .cap { stroke: var(--quiet); stroke-width: 1.5; }
.strip .dot { fill: var(--quiet); stroke: var(--quiet); stroke-width: 2; }
.strip.role-before .dot, .strip.role-floor .dot { fill: var(--card); }
.strip.role-after .whisker, .strip.role-after .cap { stroke: var(--accent); }
.strip.role-after .dot { fill: var(--accent); stroke: var(--accent); }
.strip.role-cascade .dot { fill: var(--card); stroke: var(--accent); }
.strip.role-cascade .whisker, .strip.role-cascade .cap { stroke: var(--accent); }
.strip.role-teacher .dot, .strip.role-difference .dot { fill: var(--ink); stroke: var(--ink); }
.strip .zero { stroke: var(--ink); stroke-width: 1; }
.strip .margin { stroke: var(--bad); stroke-width: 1.5; stroke-dasharray: 3 3; }
.strip.axis { margin-top: 2px; }
.strip.axis text { font-size: 11px; }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 440px), 1fr)); gap: 20px; margin: 0 0 16px; align-items: start; }
.panel { background: var(--card); border: 1px solid var(--line); border-radius: 8px; border-collapse: separate; border-spacing: 0; padding: 4px 6px 8px; table-layout: fixed; }
.panel caption { padding: 0 0 4px; color: var(--ink); font-weight: 600; font-size: .95rem; }
.panel th, .panel td { border: 0; padding: 1px 6px; vertical-align: middle; }
.panel tbody th { width: 48%; font-size: .84rem; line-height: 1.25; overflow-wrap: anywhere; }
.panel .arm { font-weight: 400; }
.panel .role-after .arm { font-weight: 650; }
.panel thead th:first-child { width: 48%; }
.panel .badge { font-size: .64rem; padding: 0 5px; }
.panel th:last-child, .panel td:last-child { width: 74px; }
.panel td.chart, .panel thead th.chart { min-width: 0; padding-inline: 14px; }
.panel th.group { width: auto; padding: 10px 6px 2px; color: var(--quiet); font-size: .84rem; }
.panel tfoot td { padding-top: 4px; }
.panel.balance th:first-child { width: 38%; }
.panel.balance td.chart { padding-inline: 6px; }
.bar .track { fill: var(--grid); }
.bar .plain { fill: var(--cool); }
.bar .removed { fill: var(--accent); }
.plot { margin: 0 0 12px; padding: 12px 16px 8px; background: var(--card); border: 1px solid var(--line); border-radius: 8px; min-width: 0; }
.plot figcaption { font-weight: 600; }
.plot .frame { padding: 8px 14px 26px 44px; }
.plot .axis-title { color: var(--quiet); font-size: .8rem; }
.plot .axis-title.centre { text-align: center; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 18px; list-style: none; margin: 2px 0 8px; padding: 0; font-size: .84rem; max-width: none; }
.legend li { display: flex; align-items: center; gap: 6px; margin: 0; }
.swatch { flex: none; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.line.main { stroke: var(--accent); stroke-width: 2.5; }
.line.side { stroke: var(--cool); stroke-dasharray: 6 4; }
.line.level { stroke: var(--quiet); stroke-dasharray: 2 3; }
.mark { fill: var(--card); stroke: var(--ink); stroke-width: 2.5; }
#coverage .plot { max-width: 780px; }
`

const details = `
.two { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 24px; margin-bottom: 8px; }
.two th, .two td { padding-block: 4px; padding-inline: 7px; }
.two tbody th:first-child, .two thead th:first-child { padding-left: 14px; }
.two th:last-child, .two td:last-child { padding-right: 14px; }
.heat { width: auto; font-size: .84rem; font-variant-numeric: tabular-nums; }
.heat caption { min-width: 300px; }
table.heat.heat th, table.heat.heat td { padding: 3px 6px; border: 0; }
table.heat.heat tbody th { position: sticky; left: 0; background: var(--card); white-space: nowrap; padding-left: 14px; }
table.heat.heat td { min-width: 27px; padding-inline: 3px; text-align: center; vertical-align: middle; border: 1px solid var(--card); }
.heat thead th { color: var(--ink); padding-inline: 0; vertical-align: bottom; }
table.heat.heat thead th { padding-top: 10px; }
.heat thead th:first-child { padding-left: 14px; color: var(--quiet); text-align: left; }
.heat .turned { text-align: center; }
.heat .turned span { display: inline-block; writing-mode: vertical-rl; transform: rotate(180deg); white-space: nowrap; }
.heat .right { font-weight: 700; }
.heat .h0 { color: var(--quiet); font-weight: 400; }
.heat .right.h1 { background: rgb(var(--right) / .14); } .heat .wrong.h1 { background: rgb(var(--wrong) / .22); }
.heat .right.h2 { background: rgb(var(--right) / .24); } .heat .wrong.h2 { background: rgb(var(--wrong) / .36); }
.heat .right.h3 { background: rgb(var(--right) / .36); } .heat .wrong.h3 { background: rgb(var(--wrong) / .46); }
.heat .right.h4 { background: rgb(var(--right) / .88); color: var(--heat-ink); } .heat .wrong.h4 { background: rgb(var(--wrong)); color: var(--heat-ink); }
.heat .right.h5 { background: rgb(var(--right)); color: var(--heat-ink); } .heat .wrong.h5 { background: rgb(var(--wrong)); color: var(--heat-ink); }
.worst { margin-top: 24px; }
.worst h3 { margin-top: 0; }
blockquote { margin: 0 0 10px; padding: 10px 14px; background: var(--code); border-radius: 6px; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 24em; overflow-y: auto; }
.answers { width: auto; min-width: 100%; }
.answer { white-space: pre-wrap; }
.answers td { min-width: 110px; max-width: 380px; overflow-wrap: anywhere; }
.differs { background: var(--bad-soft); }
.cross { color: var(--bad); }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 300px), 1fr)); gap: 2px 24px; margin: 0 0 12px; font-size: .9rem; }
.facts > div { display: flex; gap: 10px; padding: 3px 0; min-width: 0; }
.facts dt { color: var(--quiet); flex: none; min-width: 5.5em; }
.facts dd { margin: 0; min-width: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
`

const media = `
@media (max-width: 720px) {
  main, header.page, footer { padding-inline: 16px; }
  header.page { padding-top: 24px; }
  h1 { font-size: 1.6rem; }
  main > section { margin-top: 36px; }
  .verdict { padding: 16px 16px 4px; }
  .verdict h2 { font-size: 1.28rem; }
  .two { grid-template-columns: minmax(0, 1fr); }
  .key-figures > div { padding: 10px 0; }
  .key-figures > div + div { border-top: 1px solid var(--line); }
  th, td { padding-inline: 10px; }
  table.arms { min-width: 800px; }
  .arms tbody th, .pairs tbody th { width: 196px; }
  .panel tbody th, .panel thead th:first-child { width: 42%; }
  .panel th:last-child, .panel td:last-child { width: 66px; }
  .panel.balance th:first-child { width: 46%; }
  .panel td.chart, .panel thead th.chart { padding-inline: 10px 12px; }
  .plot { padding-inline: 12px; }
  .plot .frame { padding-left: 40px; }
}
@media print {
  body { font-size: 10.5pt; background: none; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  nav { display: none; }
  .scroll, pre, blockquote { overflow: visible; max-height: none; }
  table { font-size: 8.5pt; }
  th small, td small { font-size: 7pt; }
  table.arms, table.pairs { min-width: 0; }
  .arms tbody th { width: auto; }
  .two { grid-template-columns: minmax(0, 1fr); }
  table.heat.heat td { min-width: 0; }
  pre { white-space: pre-wrap; }
  main > section { margin-top: 24px; }
  tr, .plot, .worst, .card, .verdict { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  details::details-content { content-visibility: visible; block-size: auto; }
}
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
`

export const style = [colours, page, top, tables, charts, details, media].join('')

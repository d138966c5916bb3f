import { trusted } from '../ui/html.ts'

/**
 * The page's style sheet: panicparse's colours, a little darker so that each has a contrast of 4.5
 * on both row backgrounds (https://www.w3.org/TR/WCAG22/#contrast-minimum), which a test computes.
 */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --page: #ffffff; --row: #f2f2f2; --hover: #e2e8f0; --text: #1b1b1b; --quiet: #5c5c5c;
  --line: #c8c8c8; --grew: #a40000; --shrank: #00600f;
  --main: #656500; --unknown: #666666; --application: #880000;
  --linked: #006666; --dependency: #000088; --runtime: #006600;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #15171b; --row: #1e2127; --hover: #2c323c; --text: #e4e4e4; --quiet: #a6a6a6;
    --line: #444a54; --grew: #ff9a9a; --shrank: #86d993;
    --main: #d8d860; --unknown: #a8a8a8; --application: #ff9090;
    --linked: #62cfcf; --dependency: #a0b6ff; --runtime: #74d174;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 90rem; padding: .8rem 1rem 3rem; background: var(--page);
  color: var(--text); font: 15px/1.45 system-ui, sans-serif; overflow-wrap: anywhere;
}
h1 { font-size: 1.35rem; margin: 0 0 .3rem; }
h2 { font-size: 1.1rem; margin: 1.4rem 0 .4rem; }
.bucket { border-top: 1px solid var(--line); margin-top: 1rem; padding-top: .7rem; }
.bucket h2 { margin: 0; font-size: 1.02rem; }
.bucket h2 a { color: var(--quiet); font-weight: 400; }
.notes, .ids, .quiet { color: var(--quiet); }
p { margin: .25rem 0; }
a { color: inherit; text-decoration-color: var(--line); }
a:hover { text-decoration-color: currentColor; }
a:focus-visible, button:focus-visible, input:focus-visible, summary:focus-visible {
  outline: 3px solid #4b8bff; outline-offset: 1px; border-radius: 2px;
}
table { border-collapse: collapse; margin: .45rem 0; }
.stack, .changes, .legend { font: 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
td, th { padding: .1rem .9rem .1rem .35rem; text-align: left; vertical-align: top; }
th { font-weight: 600; color: var(--quiet); overflow-wrap: normal; }
.stack thead { position: absolute; clip-path: inset(50%); height: 1px; overflow: hidden; }
tbody tr:nth-child(odd) { background: var(--row); }
tbody tr:hover { background: var(--hover); }
.index, .number { color: var(--quiet); text-align: right; }
.main { color: var(--main); } .unknown { color: var(--unknown); }
.application { color: var(--application); } .linked { color: var(--linked); }
.dependency { color: var(--dependency); } .runtime { color: var(--runtime); }
.own { font-weight: 700; }
.grew, .new { color: var(--grew); } .shrank, .gone { color: var(--shrank); }
nav { display: flex; flex-wrap: wrap; gap: .2rem 1rem; margin: .5rem 0; }
nav [aria-current] { font-weight: 700; text-decoration: none; }
#controls, .actions { display: flex; flex-wrap: wrap; gap: .4rem .6rem; align-items: center; margin: .4rem 0; }
[hidden] { display: none !important; }
button, input {
  font: inherit; color: inherit; background: var(--row); border: 1px solid var(--line);
  border-radius: 5px; padding: .2rem .6rem; min-height: 2rem;
}
input[type=search] { width: min(26rem, 100%); }
input[type=checkbox] { min-height: 0; vertical-align: -.1em; }
.actions { font-size: .85rem; } .actions button { min-height: 1.6rem; padding: .05rem .5rem; }
button:hover { background: var(--hover); cursor: pointer; }
ul { margin: .3rem 0; padding-left: 1.2rem; }
footer { border-top: 2px solid var(--line); margin-top: 2rem; }
@media (max-width: 40rem) {
  body { padding: .6rem .6rem 2rem; }
  .stack, .stack tbody { display: block; }
  .stack tr { display: flex; flex-wrap: wrap; column-gap: .6rem; padding: .15rem .3rem; }
  .stack td { padding: 0; }
  .stack .call { order: 1; flex: 0 0 calc(100% - 3rem); }
  .stack .index { order: 0; }
  .stack .package, .stack .place { order: 2; font-size: .92em; }
  .stack .index { flex: 0 0 1rem; }
  .stack .package { margin-left: 1.6rem; }
}
@media print { #controls, .actions, nav { display: none; } }
`

export const pageStyleTag = trusted(`<style>${pageStyle}</style>`)

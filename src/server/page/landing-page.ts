/**
 * The landing page. It reads without its script, which brings figures up to date, and buttons that
 * record; nothing starts by reading it or by following its links, but for what is marked so.
 */
import { hostname } from 'node:os'
import type { Target } from '../../targets/target.ts'
import type { TargetFigures } from '../../targets/target-figures.ts'
import { type Html, html } from '../../ui/html.ts'
import { targetKeyText } from '../routes/page-targets.ts'
import { targetPath } from '../target-links.ts'
import { fileName, shownCommand, shownFigures } from './shown.ts'

export interface LandingPage {
  readonly targets: readonly ShownTarget[]
  readonly tunnelLine: string
  /** Where this browser reaches us: the near end of its tunnel, if there is one. */
  readonly base: string
  /** Of the lines to paste. */
  readonly seconds: number
  /** Folder of the script and the style. */
  readonly assets: string
}

export interface ShownTarget {
  readonly target: Target
  readonly figures: TargetFigures | undefined
}

export function landingPage(page: LandingPage): Html {
  const { targets, tunnelLine, assets, seconds, base } = page
  const others = targets.filter(({ target }) => target.kind !== 'self')
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>pprofd on ${hostname()}</title>
<link rel="icon" href="${assets}icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${assets}base.css">
<link rel="stylesheet" href="${assets}page.css">
<script type="module" src="${assets}main.js"></script>
</head>
<body data-seconds="${seconds}">
<a class="skip" href="#targets">Skip to the targets</a>
<header>
<h1>pprofd <span class="quiet">on ${hostname()}</span></h1>
<p class="quiet">Reading this page starts nothing in any process. Of its links only <i>goroutines</i> looks into one.</p>
<nav aria-label="Pages"><a href="/captures">Captures</a> <a href="/targets">Targets as JSON</a> <a href="/healthz">Health</a> <a href="/openapi.json">OpenAPI</a></nav>
</header>
<main>
<section aria-labelledby="targets-title">
<h2 id="targets-title">Targets <span class="quiet" id="count">${others.length}</span></h2>
<div class="controls" data-needs-script hidden>
<label>Filter <input id="filter" type="search" autocomplete="off" spellcheck="false" placeholder="name, pid or command  ( / )"></label>
<label>Record for <input id="seconds" type="number" inputmode="numeric" min="1" step="1" placeholder="usual" aria-describedby="seconds-hint"> s</label>
<span class="hint" id="seconds-hint"></span>
</div>
<p class="notice" id="trouble" role="alert" hidden></p>
<p class="visually-hidden" id="announcer" role="status"></p>
<div class="notice" id="no-targets"${others.length > 0 ? html` hidden` : ''}>
<p><b>No Node.js process is in sight.</b> Start one, and it shows up here. Where one runs already: pprofd sees the processes of its own user, or all of them as root; in a container it sees those of its pid namespace.</p>
<pre>pprofd ps</pre>
</div>
<p class="quiet" id="no-match" hidden>No target matches the filter.</p>
<ul class="targets" id="targets">
${targets.map((shown) => card(shown, base, seconds))}</ul>
<template id="target">${blankCard}</template>
</section>
<section aria-labelledby="recent-title" data-needs-script hidden>
<h2 id="recent-title">Recent captures</h2>
<div class="scroll" tabindex="0" role="region" aria-labelledby="recent-title">
<table id="recent"><thead><tr><th scope="col">Started</th><th scope="col">Kind</th><th scope="col">Target</th><th scope="col">State</th><th scope="col" class="number">Took</th><th scope="col" class="number">Pause</th><th scope="col"><span class="visually-hidden">End it</span></th></tr></thead><tbody></tbody></table>
</div>
<p class="quiet" id="no-recent">None yet.</p>
</section>
<section aria-labelledby="tunnel-title">
<h2 id="tunnel-title">From another machine</h2>
<pre>${tunnelLine}</pre>
</section>
</main>
</body>
</html>
`
}

function card({ target, figures }: ShownTarget, base: string, seconds: number): Html {
  const path = targetPath(target)
  const url = `${base}${path}/debug/pprof/profile?seconds=${seconds}`
  return cardOf({
    key: targetKeyText(target),
    name: target.name,
    pid: target.pid === 0 ? '' : `pid ${target.pid}`,
    command: shownCommand(target),
    figures: shownFigures(figures),
    path,
    lines: html`go tool pprof -http=: '${url}'
curl -fsS -o ${fileName(target)}.cpuprofile '${url}&format=cpuprofile'`,
  })
}

interface Card {
  readonly key: string
  readonly name: string
  readonly pid: string
  readonly command: string
  readonly figures: ReturnType<typeof shownFigures>
  /** Of the target's pages; undefined where the script will say. */
  readonly path: string | undefined
  readonly lines: Html
}

function cardOf({ key, name, pid, command, figures, path, lines }: Card): Html {
  const link = (page: string) => (path === undefined ? '#' : `${path}${page}`)
  return html`<li class="target" data-key="${key}">
<div class="head"><h3 class="name">${name}</h3> <span class="pid quiet">${pid}</span></div>
<p class="command quiet"><code title="${command}">${command}</code></p>
<dl class="figures">${figures.map(
    ({ name, label, text }) =>
      html`<div><dt>${label}</dt><dd data-figure="${name}">${text || '–'}</dd></div>`,
  )}</dl>
<p class="verdict" data-needs-script hidden></p>
<div class="actions" data-needs-script hidden></div>
<ul class="results" data-needs-script hidden></ul>
<div class="foot"><nav aria-label="Pages of ${name}"><a class="goroutines" href="${link('/debug/panicparse')}">goroutines</a> <a class="index" href="${link('/debug/pprof/')}">profiles</a> <a class="preflight" href="${link('/preflight')}">pre-flight</a></nav>
<details><summary>Lines to paste</summary><pre class="lines">${lines}</pre></details></div>
</li>
`
}

const blankCard = cardOf({
  key: '',
  name: '',
  pid: '',
  command: '',
  figures: shownFigures(undefined),
  path: undefined,
  lines: html``,
})

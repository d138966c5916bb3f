/** /captures for people: one table, no script, nothing that starts or ends anything. */
import { type Html, html, trusted } from '../ui/html.ts'
import type { CaptureView } from './capture-list.ts'
import { contentSecurityPolicy } from './response-headers.ts'

const style = `
body { font: 15px/1.5 system-ui, sans-serif; max-width: 80rem; margin: 2rem auto; padding: 0 1rem; }
td, th { text-align: left; vertical-align: top; padding: .2rem 1.2rem .2rem 0; }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; }
pre { background: #8881; padding: .6rem; overflow-x: auto; }
.running { font-weight: bold; }
`
export const capturesPolicy = contentSecurityPolicy(style)

/** `host`: as the browser asked for it. */
export function capturesPage(captures: readonly CaptureView[], host: string): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Captures of pprofd</title>
<style>${trusted(style)}</style>
</head>
<body>
<h1>Captures</h1>
<p>Those that run, and the last that ended, the newest first. <a href="/">Targets</a></p>
<table>
<tr><th>Id</th><th>Started</th><th>Kind</th><th>Target</th><th>Caller</th><th>State</th>
<th>Asked for</th><th>Took</th><th>Pause</th><th>Sent</th></tr>
${captures.map(row)}</table>
<h2>To end one</h2>
<pre>curl -X DELETE http://${host}/captures/ID</pre>
</body>
</html>
`
}

function row(view: CaptureView): Html {
  const { id, startedAt, kind, target, caller, state, outcome, reason, durationMs } = view
  const user = caller.uid === undefined ? '' : `uid ${caller.uid}, `
  const ending = outcome === undefined || outcome === 'ok' ? '' : `: ${reason ?? outcome}`
  return html`<tr class="${state}"><td><a href="/captures/${id}"><code>${id}</code></a></td>
<td>${startedAt}</td><td>${kind}</td><td>${target.name} (${target.pid})</td>
<td>${user}${caller.address}</td><td>${state}${ending}</td>
<td>${durationMs} ms</td><td>${view.elapsedMs} ms</td><td>${withUnit(view.pauseMs, 'ms')}</td>
<td>${withUnit(view.sentBytes, 'bytes')}</td></tr>
`
}

function withUnit(value: number | undefined, unit: string): string {
  return value === undefined ? '' : `${value} ${unit}`
}

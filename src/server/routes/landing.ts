/**
 * GET /: what is there, and the lines to paste. The page starts nothing, and of its links only that to
 * the goroutines does, so links from other sites may lead here.
 */
import { hostname } from 'node:os'
import type { Target } from '../../targets/target.ts'
import { type Html, html, trusted } from '../../ui/html.ts'
import type { Handler, ServerContext, TargetRequest } from '../context.ts'
import { requestableTargets } from '../request-target.ts'
import { contentSecurityPolicy } from '../response-headers.ts'
import { targetPath } from '../target-links.ts'

const style = `
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
td, th { text-align: left; vertical-align: top; padding: .2rem 1.2rem .2rem 0; }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; }
pre { background: #8881; padding: .6rem; overflow-x: auto; }
`
const pagePolicy = contentSecurityPolicy(style)

/** Enough of a command line to tell two services apart. */
const maxCommandLength = 120

export function landingHandler({ targets, profile }: ServerContext): Handler {
  return async (request, reply) => {
    const known = await requestableTargets(targets, request)
    const lines = { tunnel: tunnelLine(request), base: `http://${request.host}` }
    return reply
      .type('text/html; charset=utf-8')
      .header('Content-Security-Policy', pagePolicy)
      .send(page(known, lines, profile.seconds).html)
  }
}

interface Lines {
  readonly tunnel: string
  /** Where this browser reaches us: the near end of its tunnel, if there is one. */
  readonly base: string
}

function page(targets: readonly Target[], lines: Lines, seconds: number): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>pprofd on ${hostname()}</title>
<style>${trusted(style)}</style>
</head>
<body>
<h1>pprofd on ${hostname()}</h1>
<p>Of these links only <i>goroutines</i> looks into a target. For machines: <a href="/targets">targets as JSON</a>,
<a href="/captures">captures</a>,
<a href="/healthz">health</a>,
<a href="/openapi.json">OpenAPI description</a>.</p>
<h2>From another machine</h2>
<pre>${lines.tunnel}</pre>
<h2>Targets</h2>
<table>
<tr><th>Target</th><th>Pid</th><th>Command</th><th>Pages</th></tr>
${targets.map(row)}</table>
<h2>Lines to paste</h2>
<p>Each records the CPU for ${seconds} s.</p>
${targets.map((target) => pasteLines(target, lines.base, seconds))}</body>
</html>
`
}

function row(target: Target): Html {
  const path = targetPath(target)
  return html`<tr><td>${target.name}</td><td>${target.pid === 0 ? '' : target.pid}</td>
<td><code>${shorten(target.argv.join(' '))}</code></td>
<td><a href="${path}/debug/pprof/">profiles</a> <a href="${path}/debug/panicparse">goroutines</a>
<a href="${path}/preflight">pre-flight</a></td></tr>
`
}

function pasteLines(target: Target, base: string, seconds: number): Html {
  const url = `${base}${targetPath(target)}/debug/pprof/profile?seconds=${seconds}`
  return html`<h3>${target.name}</h3>
<pre>go tool pprof -http=: '${url}'
curl -fsS -o ${fileName(target)}.cpuprofile '${url}&format=cpuprofile'</pre>
`
}

/** The tunnel's far end is what we listen on; its near end the port that the request was sent to. */
function tunnelLine(request: TargetRequest): string {
  const nearPort = /:(\d+)$/.exec(request.host)?.[1] ?? '8081'
  const address = request.server.server.address()
  const farEnd =
    typeof address === 'string'
      ? address
      : hostAndPort(address?.address ?? '127.0.0.1', address?.port ?? nearPort)
  return `ssh -L ${nearPort}:${farEnd} ${hostname()}`
}

function hostAndPort(host: string, port: number | string): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** A word that no shell takes apart. */
function fileName({ id }: Target): string {
  return id.replace(/[^A-Za-z0-9_.]+/g, '-').replace(/^[-.]+/, '') || 'target'
}

function shorten(text: string): string {
  return text.length > maxCommandLength ? `${text.slice(0, maxCommandLength)}...` : text
}

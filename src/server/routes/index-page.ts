/**
 * Go's index (net/http/pprof, Index): scrapers read the rows of its table, so their markup is kept
 * byte for byte. The links are relative and so stay below the prefix of a target.
 */
import type { FastifyReply } from 'fastify'
import { type Html, html, trusted } from '../../ui/html.ts'
import type { Handler, ServerContext, TargetRequest } from '../context.ts'
import { sendFailure } from '../errors.ts'
import { firstValue } from '../parameters.ts'
import { requestTarget } from '../request-target.ts'
import { contentSecurityPolicy } from '../response-headers.ts'

/** What exists now, sorted by name as Go does. */
const profiles: readonly { readonly name: string; readonly description: string }[] = [
  {
    name: 'allocs',
    description:
      'A sampling of all memory allocations, also of what is garbage by now. You can specify the ' +
      'duration in the seconds GET parameter.',
  },
  {
    name: 'block',
    description:
      'Stack traces that stopped a thread in synchronous waits, such as Atomics.wait, readFileSync or ' +
      'execSync. You can specify the duration in the seconds GET parameter.',
  },
  { name: 'cmdline', description: 'The command line invocation of the target' },
  {
    name: 'goroutine',
    description:
      'Stack traces of all current goroutines: what every thread runs, and what every suspended ' +
      'function and pending operation waits for. Use debug=2 as a query parameter for one stack each.',
  },
  {
    name: 'heap',
    description:
      'A sampling of memory allocations of live objects. You can specify the gc GET parameter to ' +
      'run GC before taking the heap sample, and seconds for the difference over that time.',
  },
  {
    name: 'mutex',
    description:
      'Stack traces of holders of contended event loops: what kept one busy for more than threshold ' +
      'ms (20). You can specify the duration in the seconds GET parameter.',
  },
  {
    name: 'profile',
    description:
      'CPU profile. You can specify the duration in the seconds GET parameter, the samples per ' +
      'second in hz, and another form than pprof in format (cpuprofile, speedscope, collapsed, ' +
      'markdown). After you get the profile file, use the go tool pprof command to investigate it.',
  },
  {
    name: 'retained',
    description:
      'Who holds the memory: a heap snapshot as paths of objects that keep others alive. The cum of ' +
      'a row is its retained size. The target stands still meanwhile and needs memory for it.',
  },
  {
    name: 'symbol',
    description:
      'Maps given program counters to function names. Counters can be specified in a GET raw ' +
      'query or POST body, multiple counters are separated by +.',
  },
  {
    name: 'threadcreate',
    description:
      'Every thread of the process and what it is for. You can specify seconds for those that were ' +
      'started within that time, and workers=1 for the names and scripts of worker threads.',
  },
  {
    name: 'trace',
    description:
      'A trace of execution of the target: the stacks of every thread over time, garbage collections, ' +
      'the event loop and async operations. You can specify the duration in the seconds GET ' +
      'parameter. Open the file with ui.perfetto.dev, chrome://tracing or speedscope.',
  },
  {
    name: 'wall',
    description:
      'Where threads spend their time, on and off the CPU (as fgprof). You can specify seconds, hz ' +
      'and format=collapsed.',
  },
]

const style = `
.profile-name{
	display:inline-block;
	width:6rem;
}
`
const pagePolicy = contentSecurityPolicy(style)

/** GET /debug/pprof/: the profiles of a target. */
export function indexHandler({ targets }: ServerContext): Handler {
  return async (request, reply) => {
    const target = await requestTarget(targets, request)
    // A target that the query chose would be lost by relative links that do not repeat it.
    const isInQuery = request.params.target === undefined && firstValue(request.query, 'target')
    const query = isInQuery ? `&target=${encodeURIComponent(target.id)}` : ''
    return reply
      .type('text/html; charset=utf-8')
      .header('Content-Security-Policy', pagePolicy)
      .send(page(query).html)
  }
}

/** GET /debug/pprof: the same page; its relative links need the slash. */
export function redirectToIndex({ url }: TargetRequest, reply: FastifyReply): FastifyReply {
  return reply.redirect(url.replace(/(\?|$)/, '/$1'), 301)
}

/** GET /debug/pprof/<anything else>. */
export function unknownProfile(_request: TargetRequest, reply: FastifyReply): FastifyReply {
  return sendFailure(reply, 404, 'Unknown profile')
}

function page(query: string): Html {
  return html`<html>
<head>
<title>/debug/pprof/</title>
<style>${trusted(style)}</style>
</head>
<body>
/debug/pprof/
<br>
<p>Clicking allocs, block, heap, mutex, profile, trace or wall records for its default time before the answer comes.</p>
<br>
Types of profiles available:
<table>
<thead><td>Count</td><td>Profile</td></thead>
${profiles.map(({ name }) => row(name, query))}</table>
<a href="goroutine?debug=2${query}">full goroutine stack dump</a>
<br>
<p>
Profile Descriptions:
<ul>
${profiles.map(({ name, description }) => item(name, description))}</ul>
</p>
</body>
</html>
`
}

/** None of these has anything to count: Go prints 0 for them too. */
function row(name: string, query: string): Html {
  return html`<tr><td>0</td><td><a href='${name}?debug=1${query}'>${name}</a></td></tr>
`
}

function item(name: string, description: string): Html {
  return html`<li><div class=profile-name>${name}: </div> ${description}</li>
`
}

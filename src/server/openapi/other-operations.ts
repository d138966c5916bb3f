/** The operations that are no profile: targets, captures, pages, and the daemon itself. */
import { memoryParameters } from '../routes/memory.ts'
import { always, type Operation, ofCaptures, ofTargets } from './operation.ts'

const text = 'text/plain; charset=utf-8'
const json = 'application/json; charset=utf-8'
const html = 'text/html; charset=utf-8'

/** Those below `/debug/` exist below `/targets/{target}`, too. */
export const otherOperations: readonly Operation[] = [
  get('/debug/pprof/cmdline', 'The arguments of the target, joined by NUL', {
    tag: 'targets',
    contentTypes: [text],
    refusals: [...ofTargets, 409],
  }),
  get('/debug/pprof/symbol', 'Names of addresses in profiles', {
    tag: 'profiles',
    description:
      'The raw query is the list of addresses, joined by +: `?0x4a7f21b09c3d+0x1`. The target makes no difference.',
    contentTypes: [text],
    refusals: always,
  }),
  {
    ...get('/debug/pprof/symbol', 'Names of addresses in profiles', {
      tag: 'profiles',
      description:
        'The body is the list of addresses, joined by +. The target makes no difference.',
      contentTypes: [text],
      refusals: [...always, 413, 415],
    }),
    method: 'post',
    body: ['application/octet-stream', 'application/x-www-form-urlencoded'],
  },
  {
    ...get('/debug/pprof', 'Leads to the index', {
      tag: 'pages',
      contentTypes: [],
      refusals: always,
    }),
    answers: {
      301: { description: 'The index, with its slash.', contentTypes: [], headers: ['Location'] },
    },
  },
  get('/debug/pprof/', "The index of the target's profiles, as Go writes it", {
    tag: 'pages',
    contentTypes: [html],
    refusals: ofTargets,
  }),
  get('/', 'The targets, with lines to paste; starts nothing', {
    tag: 'pages',
    contentTypes: [html],
    refusals: always,
  }),
  get('/stalls', 'Event loops that were blocked, with their stacks', {
    tag: 'targets',
    contentTypes: [json],
    refusals: always,
  }),
  get('/targets', 'Every process that may be named in a URL', {
    tag: 'targets',
    contentTypes: [json],
    refusals: always,
  }),
  get('/targets/{target}', 'One of them', {
    tag: 'targets',
    contentTypes: [json],
    refusals: ofTargets,
  }),
  get('/targets/{target}/preflight', 'What attaching would do, and why not; touches nothing', {
    tag: 'targets',
    contentTypes: [json],
    refusals: ofTargets,
  }),
  {
    ...get('/targets/{target}/memory', "V8's heap, the resident set, and what is left", {
      tag: 'targets',
      description: 'With v8=0 nothing is attached to, and it is no capture.',
      contentTypes: [json],
      refusals: ofCaptures,
    }),
    parameters: memoryParameters,
    answers: {
      200: { description: 'The figures.', contentTypes: [json], headers: ['X-Pprofd-Capture'] },
    },
  },
  get('/captures', 'The captures that run, and the last that ended', {
    tag: 'captures',
    description: 'JSON, or a page for whoever accepts text/html.',
    contentTypes: [json, html],
    refusals: always,
  }),
  get('/captures/{id}', 'One of them', {
    tag: 'captures',
    contentTypes: [json],
    refusals: [...always, 404],
  }),
  {
    ...get('/captures/{id}', 'Ends one that runs', {
      tag: 'captures',
      contentTypes: [json],
      refusals: [...always, 404, 409],
    }),
    method: 'delete',
    answers: {
      200: { description: 'It has ended, and its target is restored.', contentTypes: [json] },
      202: {
        description: 'It is being ended, but its target has not let go within 5 s.',
        contentTypes: [json],
      },
    },
  },
  {
    ...get('/healthz', 'Whether the daemon serves', {
      tag: 'daemon',
      contentTypes: [text],
      refusals: [400, 403, 405, 429, 500],
    }),
    isOpen: true,
  },
  get('/sd', 'The targets that the configuration opts in, for scrapers', {
    tag: 'targets',
    description: "Prometheus' HTTP service discovery, which Parca and Alloy read, too.",
    contentTypes: [json],
    refusals: always,
  }),
  get('/metrics', 'The daemon and the targets that the configuration opts in, for Prometheus', {
    tag: 'daemon',
    description: 'It attaches to nothing.',
    contentTypes: ['text/plain; version=0.0.4; charset=utf-8'],
    refusals: always,
  }),
  get('/rules', 'What each rule measures of each target, and why it did or did not fire', {
    tag: 'daemon',
    description: 'No target is looked at: the figures are those of the last look of the rules.',
    contentTypes: [json],
    refusals: always,
  }),
  get('/openapi.json', 'This description', {
    tag: 'daemon',
    contentTypes: [json],
    refusals: always,
  }),
]

interface Parts extends Pick<Operation, 'tag' | 'description' | 'refusals'> {
  readonly contentTypes: readonly string[]
}

function get(path: string, summary: string, { contentTypes, ...rest }: Parts): Operation {
  const answers = { 200: { description: 'The answer.', contentTypes } }
  return { method: 'get', path, summary, parameters: {}, answers, ...rest }
}

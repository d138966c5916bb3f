// Recordings as the captures hand them over: one of a shop that leaks a lock, and random ones.
import { type Entry, type Frame, type GoroutineRecording, kinds } from '../../src/snapshot/entry.ts'

export function recordingOf(
  entries: readonly Partial<Entry>[],
  changes: Partial<GoroutineRecording> = {},
): GoroutineRecording {
  return {
    target: {
      pid: 4711,
      name: 'shop',
      nodeVersion: 'v20.20.2',
      executable: '/usr/bin/node',
      workingDirectory: '/srv/shop',
    },
    takenAtMs: 1_800_000_000_000,
    entries: entries.map((entry, index) => ({ ...plainEntry, id: index + 1, ...entry })),
    cuts: [],
    notes: [],
    census: 'exact',
    targetCostMs: 3.25,
    ...changes,
  }
}

const plainEntry: Omit<Entry, 'id'> = {
  thread: 'main',
  kind: 'async-function',
  state: 'awaiting',
  stack: [],
  count: 1,
}

/** `at('Mutex.acquire src/mutex.js:12:5')`; `async ` before it for a suspended one. */
export function at(text: string): Frame {
  const [, isAsync, name = '', url = '', line = '0', column = '0'] =
    /^(async )?(.*?)(?: (\S*?):(\d+)(?::(\d+))?)?$/.exec(text) ?? []
  const isRelative = url !== '' && !/^(?:\/|[a-z]+:)/.test(url)
  return {
    function: name,
    url: isRelative ? `file:///srv/shop/${url}` : url,
    line: Number(line),
    column: Number(column),
    ...(isAsync !== undefined && { isAsync: true }),
  }
}

const handler = at('async checkout src/checkout.js:41:22')
const express = at('async Layer.handle /srv/shop/node_modules/express/lib/router/layer.js:95:5')

/** A lock is never released: checkouts pile up. Every class of code occurs. */
export const shop: GoroutineRecording = recordingOf(
  [
    {
      kind: 'running',
      state: 'running',
      stack: [
        at('hashPassword src/auth.js:17:10'),
        at('verify /srv/shop/node_modules/.pnpm/passport@0.7.0/node_modules/passport/lib/a.js:3:1'),
        at('emit node:events:519:28'),
      ],
    },
    ...[3, 4, 5].map((seconds): Partial<Entry> => {
      return {
        stack: [at('async Mutex.acquire src/mutex.js:12:5'), handler, express],
        waitsFor: `lock ${seconds} (src/mutex.js:7)`,
        wait: { minMs: seconds * 60_000, maxMs: seconds * 60_000 },
      }
    }),
    {
      kind: 'timer',
      state: 'waiting',
      stack: [at('poll packages/stock/poll.js:9:3')],
      wait: { minMs: 1576, maxMs: 1576 },
      waitsFor: 'timer, fires in 28424 ms',
      createdBy: at('start packages/stock/poll.js:30:1'),
    },
    {
      kind: 'http-client-request',
      state: 'waiting-response',
      stack: [at('async Promise.all (index 2)'), at('async quote /opt/tax/lib/rate.js:70:19')],
      waitsFor: 'GET http://127.0.0.1:42077/slow',
      elided: true,
    },
    { kind: 'socket', state: 'idle-keepalive', waitsFor: 'fd 17', count: 4 },
    {
      kind: 'async-function',
      thread: '[worker 1] images',
      stack: [at('async resize src/worker.js:5:9'), at('(eval) :3:7')],
      count: 120,
    },
    {
      kind: 'fs',
      state: 'reading',
      stack: [at('async open node:internal/fs/promises:637:25'), at('async load src/app.js:2:1')],
    },
  ],
  {
    cuts: [{ what: 'timers', shown: 1000, total: 54321 }],
    notes: ['worker 2 did not answer within 300 ms'],
  },
)

/** Mulberry32, so that a failure can be repeated: https://github.com/cprosche/mulberry32 */
export function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** Entries of few different shapes, with names as hostile as a target can make them. */
export function randomEntries(seed: number, length: number): readonly Entry[] {
  const random = randomOf(seed)
  const pick = <T>(list: readonly [T, ...T[]]): T => {
    return list[Math.floor(random() * list.length)] ?? list[0]
  }
  const frame = (): Frame => ({
    function: pick(names),
    url: pick(urls),
    line: pick([0, 1, 7, 4000]),
    column: pick([0, 1, 31, 90_000]),
    ...(random() < 0.5 && { isAsync: true }),
  })
  return Array.from({ length }, (_, index): Entry => {
    const minMs = pick([0, 12.5, 1576, 60_000, 7_250_000])
    return {
      id: index + 1,
      thread: pick(['main', '[worker 1] images', '[worker 2] a "b" \\ c, d']),
      kind: pick(kinds),
      state: pick(['running', 'awaiting', 'a, b', '2 minutes', 'timer x', '[x]:', 'running x']),
      ...(random() < 0.5 && { wait: { minMs, maxMs: minMs + pick([0, 1000]) } }),
      stack: Array.from({ length: pick([0, 1, 2, 3]) }, frame),
      ...(random() < 0.3 && { elided: true }),
      count: pick([1, 1, 2, 1_000_000]),
      ...(random() < 0.5 && { waitsFor: pick(['fd 1', 'fd 2', 'lock "a" (x.js:7)', '', '# "}']) }),
      ...(random() < 0.3 && { createdBy: createdBy(frame()) }),
    }
  })
}

/** Who created something did not await it. */
function createdBy({ isAsync: _, ...frame }: Frame): Frame {
  return frame
}

const names = [
  'f',
  'Mutex.acquire',
  '(anonymous)',
  'Promise.all (index 3)',
  'get [as x]',
  'a)(b',
  '((',
  'created by me',
  'async f',
  'goroutine 1 [running]:',
  '...additional frames elided...',
  '%28 100%',
  'Köchin 🧑‍🍳',
  'in goroutine 1',
] as const satisfies readonly [string, ...string[]]

const urls = [
  '',
  '/srv/shop/src/a.js',
  '/srv/shop/a b.js',
  'node:internal/timers',
  'http://localhost:3000/a.js',
  '/a:7',
  '/%3A9/%zz',
  'C:/x/y.js',
  'webpack://shop/./src/a.js',
  'wasm://wasm/0a1b',
  '[eval]',
] as const satisfies readonly [string, ...string[]]

// A hostile inspector behind every capture: each answer is well-formed or one clear sentence, nothing is
// left over, and pprofd lives.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { checkValid } from '../../src/pprof/check-valid.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { temporaryFolder } from '../proc/temporary-folder.ts'
import { startApp } from '../server/start-app.ts'
import { jsonText, runs, seed, text, value } from './hostile-values.ts'
import { type Lies, lies, lyingInspector } from './lying-inspector.ts'

t.setTimeout(3_600_000)
t.comment(`PPROFD_FUZZ_SEED=${seed}`)

const captures = [
  'pprof/profile?seconds=1',
  'pprof/profile?seconds=1&format=markdown',
  'pprof/wall?seconds=1',
  'pprof/heap?seconds=1',
  'pprof/heap?debug=1',
  'pprof/allocs',
  'pprof/block?seconds=1',
  'pprof/mutex',
  'pprof/goroutine',
  'pprof/goroutine?debug=2',
  'panicparse',
  'pprof/threadcreate',
  'pprof/trace?seconds=1',
  'fgtrace?seconds=1',
  'pprof/retained',
  'heapsnapshot',
] as const

/** One after the other they would take a second each. */
const atOnce = 12

interface Attack {
  readonly capture: (typeof captures)[number]
  readonly lies: Lies
}

type Inspected = Awaited<ReturnType<typeof spawnInspected>>

async function spawnInspected(t: Test) {
  const target = await spawnTarget(t, 'waits.cjs', { nodeArguments: ['--inspect=0'] })
  const line = await target.stderr.waitFor(/^Debugger listening on ws:/)
  return { target, url: line.slice(line.indexOf('ws:')) }
}

interface Answered {
  /** 0: the answer was cut off, which is how a stream says that it failed. */
  readonly status: number
  readonly type: string
  readonly body: Buffer
}

t.test('a target that lies in the protocol', async (t) => {
  // Through these inspectors pprofd takes one process for many, and does not keep its captures apart. Node
  // 20 has died of it (SIGSEGV), so what it does at one time only, traces and heap snapshots, is asked of
  // a process of its own each time.
  const shared = await spawnInspected(t)
  const { numRuns } = runs(24)
  const attack = fc.record({ capture: fc.constantFrom(...captures), lies })
  const attacks = fc.sample(attack, { seed, numRuns })
  const statuses = new Map<number, number>()
  let told = 0
  for (let i = 0; i < attacks.length; i += atOnce) {
    const some = attacks.slice(i, i + atOnce)
    await t.test(`attacks from ${i}`, async (t) => {
      for (const [index, answer] of (
        await carryOut(t, shared.url, some, (count) => (told += count))
      ).entries()) {
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
        const fault = faultOf(answer)
        if (fault !== undefined) t.fail(`${fault}: ${shown(some[index])}`)
      }
    })
  }
  t.comment(`${told} lies; ${JSON.stringify([...statuses])}`)
  t.ok(told > numRuns / 2, `${told} lies were told`)
  t.ok(statuses.has(200) && statuses.has(502), 'some were believed, some not')
  assertLives(t, shared)
})

function assertLives(t: Test, { target: { child } }: Inspected): void {
  t.equal(child.signalCode ?? child.exitCode, null, 'the target lives')
}

/** Each has an inspector of its own, in front of the shared target or of one of its own. */
async function carryOut(
  t: Test,
  shared: string,
  attacks: readonly Attack[],
  onTold: (count: number) => void,
): Promise<readonly Answered[]> {
  const own: Inspected[] = []
  const inspectors = await Promise.all(
    attacks.map(async ({ capture, lies }) => {
      if (!/trace|retained|heapsnapshot/.test(capture)) return lyingInspector(t, shared, lies)
      const inspected = await spawnInspected(t)
      own.push(inspected)
      return lyingInspector(t, inspected.url, lies)
    }),
  )
  const configured = inspectors.map(({ port }, index) => {
    return { name: `lies-${index}`, port, enabled: true, signal: false }
  })
  const { app, log } = startApp(t, {
    targets: { configured, discover: false, commandTimeoutMs: 1000 },
  })
  const answers = await Promise.all(
    attacks.map(async ({ capture }, index) => {
      const path = `/targets/lies-${index}/debug/${capture}`
      const answer = await app.inject(path).catch(() => undefined)
      if (answer === undefined) return { status: 0, type: '', body: Buffer.of() }
      const type = String(answer.headers['content-type'])
      return { status: answer.statusCode, type, body: answer.rawPayload }
    }),
  )
  for (const inspector of inspectors) onTold(inspector.told())
  for (const inspected of own) assertLives(t, inspected)
  const failures = log.filter(
    ({ level, outcome }) => Number(level) >= 50 || outcome === 'internal-error',
  )
  t.strictSame(failures, [], 'nothing failed that is not foreseen')
  return answers
}

function faultOf({ status, type, body }: Answered): string | undefined {
  const text = body.toString()
  if (status === 0) return undefined
  if (status !== 200) {
    if (status === 500) return 'status 500'
    return /^\P{Cc}+\n$/u.test(text) ? undefined : `not one line: ${JSON.stringify(text)}`
  }
  if (type === 'application/octet-stream') return checkValid(body).join('; ') || undefined
  if (type.startsWith('application/json')) return undefined
  const control = /(?![\n\t])\p{Cc}/u.exec(text)
  return control
    ? `a control character: ${JSON.stringify(text.slice(control.index - 40))}`
    : undefined
}

function shown(attack: Attack | undefined): string {
  return JSON.stringify(attack, (_, value) => (value instanceof Map ? [...value] : value))
}

t.test('a list of inspectors that is anything', async (t) => {
  const { numRuns } = runs(40)
  const entry = fc.record(
    {
      type: fc.constantFrom('node', 'page'),
      id: fc.oneof(text(), value()),
      webSocketDebuggerUrl: fc.constant('ws://evil.example/1'),
    },
    { requiredKeys: [] },
  )
  const list = fc.oneof(
    fc.array(fc.oneof(entry, value())).map(jsonText),
    text(),
    value().map(jsonText),
  )
  const lists = fc.sample(list, { seed, numRuns })
  const inspectors = await Promise.all(
    lists.map((list) => lyingInspector(t, 'ws://127.0.0.1:1/x', new Map(), list)),
  )
  const configured = inspectors.map(({ port }, index) => ({
    name: `list-${index}`,
    port,
    enabled: true,
    signal: false,
  }))
  const { app } = startApp(t, { targets: { configured, discover: false } })
  for (const index of lists.keys()) {
    const { statusCode, body } = await app.inject(`/targets/list-${index}/debug/pprof/profile`)
    t.equal(statusCode, 502, body)
    t.match(
      body,
      /^no inspector answers on 127\.0\.0\.1:\d+ \(target list-\d+\)\n$/,
      `list ${index}`,
    )
  }
})

t.test('a process whose name is markup and escape sequences', async (t) => {
  const name = '</code><script>alert(1)</script>\x1b]0;x\x07\u009b1m\u202e.js'
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'a.cjs'), idleProgram)
  const target = await spawnTarget(t, join(folder, 'a.cjs'), {
    nodeArguments: ['--inspect-port=0'],
    programArguments: [name],
    env: { OTEL_SERVICE_NAME: name },
  })
  // With two, a request that names none is told which there are.
  await spawnTarget(t, join(folder, 'a.cjs'), {
    nodeArguments: ['--inspect-port=0'],
    programArguments: [name],
  })
  const { app } = startApp(t)
  for (const path of [
    '/',
    `/targets/${target.pid}/debug/pprof/`,
    '/debug/pprof/profile',
    `/targets/${target.pid}/debug/panicparse`,
  ]) {
    const { body, headers } = await app.inject(path)
    t.notMatch(body, /(?![\n\t])[\p{Cc}\u202e]/u, path)
    const isPage = String(headers['content-type']).startsWith('text/html')
    if (isPage) t.notMatch(body, '<script>alert', path)
  }
  for (const path of ['/targets', `/targets/${target.pid}`, `/targets/${target.pid}/preflight`]) {
    const { body } = await app.inject(path)
    t.ok(JSON.parse(body), path)
    t.notMatch(body, /(?!\n)[\p{Cc}\u202e]/u, path)
  }
})

const idleProgram = `
process.title = '<img src=x>\\n\\x1b[31m'
setInterval(() => {}, 1000)
console.log('ready ' + JSON.stringify({ pid: process.pid }))
`

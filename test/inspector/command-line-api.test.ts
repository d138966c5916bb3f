import t from 'tap'
import { needsCommandLineApi } from '../../src/inspector/command-line-api.ts'
import { evaluate } from '../../src/inspector/evaluate.ts'
import { WorkerSessions } from '../../src/inspector/worker-sessions.ts'
import { nodeBinary, nodeMajors } from '../fixtures/support/node-binaries.ts'
import { newTargets, obey, spawnObedient, targetOf } from '../targets/new-targets.ts'

t.setTimeout(120_000)

const readsFile =
  "(process.getBuiltinModule?.('node:fs') ?? require('node:fs')).readFileSync('/proc/self/comm', 'utf8')"

for (const major of nodeMajors) {
  const { path: node = '', reason } = await nodeBinary(major)
  t.test(
    `modules are there on Node ${major}, without the API where it can`,
    {
      skip: reason ?? false,
    },
    async (t) => {
      const targets = newTargets(t)
      const spawned = await spawnObedient(t, { node })
      const { session, detach } = await targets.attach(await targetOf(targets, spawned))
      t.teardown(() => detach())
      t.match(await evaluate(session, readsFile, { usesModules: true }), /\w/)
      const hasModules = await evaluate(session, "typeof process.getBuiltinModule === 'function'")
      t.equal(await needsCommandLineApi(session, {}), !hasModules)
      if (major === 18) t.equal(hasModules, false)
    },
  )
}

const oldest = await nodeBinary(18)
t.test(
  'a worker that may be starting is asked without the API only',
  {
    skip: oldest.reason ?? false,
  },
  async (t) => {
    const targets = newTargets(t)
    const spawned = await spawnObedient(t, { node: oldest.path ?? '' })
    await obey(
      spawned,
      "new (require('worker_threads').Worker)('setInterval(() => {}, 1000)', { eval: true })",
    )
    const { session, detach } = await targets.attach(await targetOf(targets, spawned))
    t.teardown(() => detach())
    let sessions: Promise<WorkerSessions> | undefined
    const answered = new Promise<readonly [number, unknown]>((resolve, reject) => {
      const onWorker: Parameters<typeof WorkerSessions.open>[1]['onWorker'] = ({ session }) => {
        evaluate(session, readsFile, { usesModules: true }).then(
          (text) => resolve([performance.now() - session.openedAtMs, text]),
          reject,
        )
        t.rejects(
          evaluate(session, readsFile, { usesModules: true, signal: AbortSignal.timeout(100) }),
          { name: 'TimeoutError' },
          'whoever gives up does not wait',
        )
      }
      sessions = WorkerSessions.open(session, { commandTimeoutMs: 5000, onWorker })
      sessions.catch(reject)
    })
    const [afterMs, text] = await answered
    t.match(text, /\w/)
    t.ok(afterMs >= 1000, `asked when it was a second old (${Math.round(afterMs)} ms)`)
    await (await sessions)?.close()
  },
)

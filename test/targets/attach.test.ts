import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { evaluate } from '../../src/inspector/evaluate.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { nodeBinary, nodeMajors } from '../fixtures/support/node-binaries.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import {
  countOf,
  countOfListening,
  isAsBefore,
  newTargets,
  obey,
  spawnObedient,
  targetOf,
  until,
} from './new-targets.ts'

const nodeArguments = ['--inspect-port=0']

/** They say that they are ready 100 ms before. */
const blockedAfterMs = 300

t.setTimeout(300_000)

for (const major of nodeMajors) {
  const { path: node = '', reason } = await nodeBinary(major)
  const skip = reason ?? false

  for (const program of ['idle.cjs', 'idle.mjs']) {
    t.test(`attaches to ${program} on Node ${major} and leaves nothing`, { skip }, async (t) => {
      const targets = newTargets(t)
      const spawned = await spawnTarget(t, program, { node, nodeArguments })
      const target = await targetOf(targets, spawned)
      for (const round of [1, 2]) {
        const attachment = await targets.attach(target)
        t.match(attachment, { openedByUs: true, target: { pid: spawned.pid } })
        t.match(attachment.nodeVersion, new RegExp(`^v${major}\\.`))
        t.ok(attachment.attachMs > 0)
        t.equal(await evaluate(attachment.session, 'process.pid'), spawned.pid)
        t.equal((await listeningPorts(spawned.pid)).length, 1, 'one port is open')
        await attachment.detach()
        t.ok(attachment.session.isClosed)
        t.strictSame(await listeningPorts(spawned.pid), [], `none after round ${round}`)
      }
      t.equal(targets.inspectorsLeftOpen, 0)
      await isAsBefore(t, spawned)
    })
  }

  for (const program of ['blocked.cjs', 'blocked-one-loop.cjs']) {
    t.test(`attaches to ${program} on Node ${major} and leaves nothing`, { skip }, async (t) => {
      const targets = newTargets(t)
      const spawned = await spawnTarget(t, program, { node, nodeArguments })
      await sleep(blockedAfterMs)
      const attachment = await targets.attach(await targetOf(targets, spawned))
      t.equal(await evaluate(attachment.session, 'process.pid'), spawned.pid)
      await attachment.detach()
      // Its event loop, which hears the signal once more, may turn yet.
      t.equal(targets.inspectorsLeftOpen, 1)
      await isAsBefore(t, spawned)
    })
  }

  t.test(`uses an open inspector of Node ${major} and leaves it open`, { skip }, async (t) => {
    const targets = newTargets(t)
    const options = { node, nodeArguments: ['--inspect=0'] }
    const spawned = await spawnTarget(t, 'own-sigusr1-handler.cjs', options)
    const portsBefore = await listeningPorts(spawned.pid)
    const target = await targetOf(targets, spawned)
    const [first, second] = await Promise.all([targets.attach(target), targets.attach(target)])
    t.match([first, second], [{ openedByUs: false }, { openedByUs: false }])
    await first.detach()
    t.equal(await evaluate(second.session, '6 * 7'), 42)
    await second.detach()
    t.strictSame(await listeningPorts(spawned.pid), portsBefore)
    t.equal(countOf(spawned, /^own handler ran$/), 0, 'no signal was sent')
    t.ok(spawned.isAlive())
  })

  t.test(`an own handler on Node ${major} gets one signal, and a reason`, { skip }, async (t) => {
    const targets = newTargets(t)
    const options = { node, nodeArguments }
    const spawned = await spawnTarget(t, 'own-sigusr1-handler.cjs', options)
    const target = await targetOf(targets, spawned)
    t.match(await targets.preflight(target), { attachable: true })
    await t.rejects(targets.attach(target), {
      code: 'attach-failed',
      message: /no inspector within 2000 ms of SIGUSR1: the application probably handles that/,
    })
    t.equal(countOf(spawned, /^own handler ran$/), 1)
    t.strictSame(await listeningPorts(spawned.pid), [])
    t.ok(spawned.isAlive())
  })
}

t.test('uses an inspector that the program opened itself', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnObedient(t)
  await obey(spawned, "require('inspector').open(0)")
  const portsBefore = await listeningPorts(spawned.pid)
  const heardBefore = countOfListening(spawned)
  const attachment = await targets.attach(await targetOf(targets, spawned))
  t.equal(attachment.openedByUs, false)
  await attachment.detach()
  t.strictSame(await listeningPorts(spawned.pid), portsBefore)
  t.equal(countOfListening(spawned), heardBefore)
})

t.test("the application's own listeners are no inspectors, and stay", async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnObedient(t)
  await obey(spawned, "require('net').createServer(s => s.end()).listen(0, '127.0.0.1')")
  await obey(spawned, "require('http').createServer((q, r) => r.end('[]')).listen(0, '127.0.0.1')")
  await obey(spawned, "require('http').createServer((q, r) => r.end('[]')).listen(0)")
  t.ok(await until(async () => (await listeningPorts(spawned.pid)).length === 3))
  const portsBefore = await listeningPorts(spawned.pid)
  const attachment = await targets.attach(await targetOf(targets, spawned))
  t.equal(attachment.openedByUs, true)
  await attachment.detach()
  await isAsBefore(t, spawned, portsBefore)
})

t.test('a process of many threads and a changed title is found as well', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnObedient(t)
  await obey(spawned, "process.title = 'a (b) c'")
  await obey(
    spawned,
    "new (require('worker_threads').Worker)('setInterval(()=>{},1e3)',{eval:true})",
  )
  const attachment = await targets.attach(await targetOf(targets, spawned))
  await attachment.detach()
  await isAsBefore(t, spawned)
})

t.test('attaches to itself without a port', async (t) => {
  const targets = newTargets(t)
  const portsBefore = await listeningPorts(process.pid)
  const attachment = await targets.attach(await targets.resolve('self'))
  t.match(attachment, { openedByUs: false, nodeVersion: process.version })
  t.equal(await evaluate(attachment.session, 'process.pid'), process.pid)
  t.strictSame(await listeningPorts(process.pid), portsBefore)
  await attachment.detach()
  t.ok(attachment.session.isClosed)
})

t.test('a process that is only starting never dies of it', async (t) => {
  const targets = newTargets(t)
  const outcomes = new Set<string>()
  for (let round = 0; round < 20; round++) {
    const starting = spawnTarget(t, 'idle.cjs', { nodeArguments })
    // The child is there, but not ready: it is its pid that Linux gives to the youngest.
    const early = youngestChild()
    const outcome = await targets
      .attach(await targets.resolve(String(await early)))
      .then((attachment) => attachment.detach())
      .then(
        () => 'attached',
        (error: { code?: string }) => String(error.code),
      )
    outcomes.add(outcome)
    const spawned = await starting
    t.ok(spawned.isAlive(), `round ${round}: ${outcome}`)
    t.strictSame(await listeningPorts(spawned.pid), [])
    spawned.child.kill('SIGKILL')
    await spawned.waitForExit()
  }
  t.comment([...outcomes].join(', '))
})

async function youngestChild(): Promise<number> {
  const { readFile } = await import('node:fs/promises')
  const children = await readFile(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')
  return Math.max(...children.trim().split(' ').map(Number))
}

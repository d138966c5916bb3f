// Node's own port 9229, as most processes of a machine use it. Where something else holds that port,
// there is nothing to be shown.
import t from 'tap'
import { evaluate } from '../../src/inspector/evaluate.ts'
import { holdDefaultPort } from '../fixtures/support/default-port.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { nodeBinary, nodeMajors } from '../fixtures/support/node-binaries.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { newTargets, obey, spawnObedient, targetOf, until } from './new-targets.ts'

t.setTimeout(300_000)

const skip = await holdDefaultPort(t)

for (const major of nodeMajors) {
  const { path: node = '', reason } = await nodeBinary(major)
  t.test(
    `attaches to a plain Node ${major} and leaves nothing`,
    { skip: skip || (reason ?? false) },
    async (t) => {
      const targets = newTargets(t)
      for (const program of ['idle.cjs', 'idle.mjs', 'blocked.cjs']) {
        const spawned = await spawnTarget(t, program, { node })
        const target = await targetOf(targets, spawned)
        t.match(await targets.preflight(target), { attachable: true, port: 9229 })
        for (const round of [1, 2]) {
          const attachment = await targets.attach(target)
          t.equal(await evaluate(attachment.session, 'process.pid'), spawned.pid)
          await attachment.detach()
          t.strictSame(await listeningPorts(spawned.pid), [], `${program}, round ${round}`)
        }
        process.kill(spawned.pid, 'SIGUSR1')
        await spawned.stderr.waitFor(/^Debugger listening on ws:\/\/127\.0\.0\.1:9229\//)
        t.ok(
          await until(async () => (await listeningPorts(spawned.pid)).includes(9229)),
          'SIGUSR1 opens the port that it always did',
        )
        spawned.child.kill('SIGKILL')
        await spawned.waitForExit()
      }
    },
  )
}

t.test('several plain processes are attached to at once', { skip }, async (t) => {
  const targets = newTargets(t)
  const all = await Promise.all([1, 2, 3, 4].map(() => spawnTarget(t, 'idle.cjs')))
  const attachments = await Promise.all(
    all.map(async (spawned) => targets.attach(await targetOf(targets, spawned))),
  )
  const pids = await Promise.all(attachments.map(({ session }) => evaluate(session, 'process.pid')))
  t.strictSame(
    pids,
    all.map(({ pid }) => pid),
  )
  await Promise.all(attachments.map((attachment) => attachment.detach()))
  for (const { pid } of all) t.strictSame(await listeningPorts(pid), [])
})

t.test('a port that another process holds is a reason, and no signal', { skip }, async (t) => {
  const holder = await spawnTarget(t, 'idle.cjs', { nodeArguments: ['--inspect'] })
  t.ok(await until(async () => (await listeningPorts(holder.pid)).includes(9229)))
  const spawned = await spawnTarget(t, 'idle.cjs')
  const targets = newTargets(t)
  await t.rejects(targets.attach(await targetOf(targets, spawned)), {
    code: 'target-refused',
    message: /port 9229, where its inspector would open, is taken by another process/,
  })
  t.equal(spawned.stderr.text(), '')
  const attachment = await targets.attach(await targetOf(targets, holder))
  t.equal(attachment.openedByUs, false, 'the holder itself is fine')
  await attachment.detach()
})

t.test('an inspector that leads to another process is not used', async (t) => {
  const other = await spawnTarget(t, 'idle.cjs', { nodeArguments: ['--inspect=0'] })
  const [otherPort] = await listeningPorts(other.pid)
  const spawned = await spawnObedient(t)
  const relay = `s => { const c = require('net').connect(${otherPort}, '127.0.0.1'); s.on('error', () => {}); c.on('error', () => {}); s.pipe(c).pipe(s) }`
  await obey(spawned, `require('net').createServer(${relay}).listen(0, '127.0.0.1')`)
  t.ok(await until(async () => (await listeningPorts(spawned.pid)).length === 1))
  const portsBefore = await listeningPorts(spawned.pid)
  const targets = newTargets(t)
  const target = await targetOf(targets, spawned)
  await t.rejects(targets.attach(target), {
    code: 'attach-failed',
    message: `the inspector that answered is not that of process ${spawned.pid}`,
  })
  t.strictSame(await listeningPorts(spawned.pid), portsBefore)
  t.ok(spawned.isAlive() && other.isAlive())
  t.strictSame(await listeningPorts(other.pid), [otherPort], 'the other one is left alone')
})

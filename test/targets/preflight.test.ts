import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { nodeBinary } from '../fixtures/support/node-binaries.ts'
import { spawnProcess } from '../fixtures/support/spawn-target.ts'
import { fakeProc } from '../proc/fake-proc.ts'
import { asNobody, needsRoot } from '../proc/other-user.ts'
import { configured, newTargets, nodeNamed, spawnObedient, targetOf } from './new-targets.ts'
import { refusalCases } from './refusal-cases.ts'

for (const { title, start, refusal, code = 'target-refused', major } of refusalCases) {
  const { path, reason } = major === undefined ? { reason: undefined } : await nodeBinary(major)
  const where = major === undefined ? '' : ` on Node ${major}`
  t.test(`${title}${where} is refused and left alone`, { skip: reason ?? false }, async (t) => {
    const { pid, isUntouched, entry } = await start(t, path)
    const portsBefore = await listeningPorts(pid)
    const targets = newTargets(t, { configured: entry === undefined ? [] : [entry] })
    const target = await targets.resolve(entry?.name ?? String(pid))
    const judged = await targets.preflight(target)
    t.match(judged, { attachable: false, via: undefined, port: undefined, refusal })
    t.match(judged.checks.at(-1), { ok: false, detail: judged.refusal }, 'the last check failed')
    t.ok(judged.checks.slice(0, -1).every(({ ok }) => ok))
    await t.rejects(targets.attach(target), {
      code,
      message: `pprofd does not attach to ${target.id}: ${judged.refusal}`,
      tryNext: `pprofd check ${target.id}`,
    })
    if (/stopped/.test(judged.refusal ?? '')) process.kill(pid, 'SIGCONT')
    await sleep(100)
    t.ok(isUntouched(), 'it lives, and got no signal')
    t.strictSame(await listeningPorts(pid), portsBefore)
    t.equal(targets.inspectorsLeftOpen, 0)
  })
}

t.test('a pid without its process, or with another one, is vanished', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnObedient(t)
  const target = await targetOf(targets, spawned)
  const earlier = { ...target, startTimeTicks: target.startTimeTicks - 1n }
  t.match(await targets.preflight(earlier), { refusal: /its pid is another one's now$/ })
  await t.rejects(targets.attach(earlier), { code: 'target-vanished' })
  t.equal(spawned.stderr.text(), '')
  spawned.child.kill('SIGKILL')
  await spawned.waitForExit()
  t.match(await targets.preflight(target), { refusal: `process ${target.pid} has ended` })
  await t.rejects(targets.attach(target), { code: 'target-vanished' })
})

t.test('the configuration vouches for Node under another name', async (t) => {
  const { pid } = await spawnObedient(t, { node: nodeNamed(t, 'my-app') })
  const targets = newTargets(t, { configured: [configured('shop', { pid })] })
  const target = await targets.resolve('shop')
  t.match(await targets.preflight(target), { attachable: true, via: 'signal', port: 0 })
})

const node26 = await nodeBinary(26)
const skip26 = node26.reason ?? false
t.test('--permission with --allow-inspector is attached to', { skip: skip26 }, async (t) => {
  const flags = ['--permission', '--allow-fs-read=*', '--allow-inspector', '--inspect-port=0']
  const spawned = await spawnObedient(t, { node: node26.path ?? '', nodeArguments: flags })
  const targets = newTargets(t)
  const attachment = await targets.attach(await targetOf(targets, spawned))
  t.match(attachment, { openedByUs: true, nodeVersion: /^v26\./ })
  await attachment.detach()
  t.strictSame(await listeningPorts(spawned.pid), [])
})

t.test('says what it would do, and does nothing', async (t) => {
  const targets = newTargets(t)
  const spawned = await spawnObedient(t)
  const judged = await targets.preflight(await targetOf(targets, spawned))
  t.match(judged, { attachable: true, via: 'signal', port: 0, refusal: undefined })
  t.match(judged.warnings, [/its inspector listens on 127\.0\.0\.1:\(any port\)/])
  const open = await spawnObedient(t, { nodeArguments: ['--inspect=0'] })
  const [port] = await listeningPorts(open.pid)
  const openJudged = await targets.preflight(await targetOf(targets, open))
  t.match(openJudged, { attachable: true, via: 'open-inspector', port })
  t.match(openJudged.warnings, [/lets every user of this machine run code/])
  t.match(await targets.preflight(await targets.resolve('self')), {
    attachable: true,
    via: 'in-process',
  })
  t.equal(spawned.stderr.text(), '')
})

t.test('warns of an inspector that other machines reach, and uses it', async (t) => {
  const probe = await spawnObedient(t, { nodeArguments: ['--inspect=0'] })
  const [port = 0] = await listeningPorts(probe.pid)
  probe.child.kill('SIGKILL')
  await probe.waitForExit()
  const spawned = await spawnObedient(t, { nodeArguments: [`--inspect=0.0.0.0:${port}`] })
  const targets = newTargets(t)
  t.match(await targets.preflight(await targetOf(targets, spawned)), {
    attachable: true,
    warnings: [`its inspector is open to other machines (0.0.0.0:${port})`],
  })
})

const statOf = (state: string, flags = 4194304) =>
  `5 (node) ${state} 1 5 5 0 -1 ${flags} 1 0 0 0 5 2 0 0 20 0 11 0 77 1 2 3`
const statusOf = (tracer = 0) =>
  `Pid:\t5\nUid:\t1\t1\t1\t1\nTracerPid:\t${tracer}\nSigCgt:\t200\nSigBlk:\t0\n`
const node = { stat: statOf('S'), status: statusOf(), cmdline: 'node\0' }
const exe = { link: process.execPath }

const unreal = [
  { what: { stat: statOf('I', 0x200000) }, refusal: '5 is a kernel thread' },
  {
    what: { stat: statOf('t'), status: statusOf(9) },
    refusal: /by a debugger or tracer \(pid 9\)/,
  },
  { what: { status: statusOf(9) }, refusal: /by a debugger or tracer \(pid 9\)/ },
  { what: { exe: 'unreadable' }, refusal: /not allowed to look at the executable of process 5/ },
  { what: {}, refusal: 'its executable is not Node.js' },
  { what: { exe, 'ns/net': { link: 'net:[2]' } }, refusal: /in another network namespace/ },
]

for (const { what, refusal } of unreal) {
  t.test(`is refused: ${refusal}`, async (t) => {
    const self = { 'ns/net': { link: 'net:[1]' } }
    // We ourselves have no capabilities there.
    const procRoot = fakeProc(t, {
      5: { ...node, ...what },
      self,
      [process.pid]: { status: statusOf() },
    })
    const targets = newTargets(t, { procRoot })
    t.match(await targets.preflight(await targets.resolve('5')), { attachable: false, refusal })
  })
}

t.test('a process of another user is refused without a signal', { skip: needsRoot }, async (t) => {
  const spawned = await spawnObedient(t)
  const targets = newTargets(t)
  await asNobody(async () => {
    const target = await targetOf(targets, spawned)
    const refusal = new RegExp(`not allowed to look at the executable of process ${target.pid}`)
    t.match(await targets.preflight(target), { attachable: false, refusal })
    await t.rejects(targets.attach(target), { code: 'target-refused' })
  })
  t.ok(spawned.isAlive())
  t.equal(spawned.stderr.text(), '')
})

t.test('what may not be signalled is refused', async (t) => {
  const targets = newTargets(t)
  const target = await targetOf(targets, await spawnObedient(t))
  // A test that is root may signal everybody.
  t.intercept(process, 'kill', {
    value: () => {
      throw new Error('EPERM')
    },
  })
  const refusal = new RegExp(`^not allowed to signal process ${target.pid}; run pprofd as its user`)
  t.match(await targets.preflight(target), { attachable: false, refusal })
})

t.test('root attaches to a process of another user', { skip: needsRoot }, async (t) => {
  const flags = ['--reuid=65534', '--regid=65534', '--clear-groups', '--']
  const code = 'console.log("up"); setInterval(() => {}, 1000)'
  const args = [...flags, process.execPath, '--inspect-port=0', '-e', code]
  const spawned = spawnProcess(t, 'setpriv', args, { cwd: '/' })
  await Promise.race([spawned.stdout.waitFor(/^up$/), once(spawned.child, 'exit')])
  const targets = newTargets(t)
  const target = await targetOf(targets, spawned)
  t.equal(target.uid, 65534)
  const attachment = await targets.attach(target)
  t.equal(attachment.openedByUs, true)
  await attachment.detach()
  t.strictSame(await listeningPorts(spawned.pid), [])
  t.ok(spawned.isAlive())
})

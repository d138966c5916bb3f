import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { evaluate } from '../../src/inspector/evaluate.ts'
import type { Target } from '../../src/targets/target.ts'
import { mayUse, withRights } from '../../src/targets/target-rights.ts'
import { checkout } from '../fixtures/support/checkout.ts'
import { spawnSleepNamedNode, spawnTarget } from '../fixtures/support/spawn-target.ts'
import { temporaryFolder } from '../proc/temporary-folder.ts'
import { newTargets, nodeNamed, obey, spawnObedient, until } from './new-targets.ts'

/** A program under a name that nobody else's process has. */
function uniqueProgram(t: Parameters<typeof temporaryFolder>[0]): { path: string; name: string } {
  const name = `shop-${process.pid}-${Date.now()}.cjs`
  const path = join(temporaryFolder(t), name)
  copyFileSync(join(checkout, 'test/fixtures/targets/idle.cjs'), path)
  return { path, name }
}

t.test('a process is found by pid and by the name of its script', async (t) => {
  const targets = newTargets(t)
  const { path, name } = uniqueProgram(t)
  const first = await spawnTarget(t, path)
  const expected = {
    id: String(first.pid),
    name,
    kind: 'process',
    pid: first.pid,
    executable: process.execPath,
    workingDirectory: checkout,
    uid: process.geteuid?.(),
    configured: false,
    maySignal: true,
  } as const
  t.match(await targets.resolve(String(first.pid)), expected)
  t.match(await targets.resolve(name), expected)
  t.ok((await targets.list()).some(({ pid }) => pid === first.pid))
  const second = await spawnTarget(t, path)
  const pids = [first.pid, second.pid].sort((a, b) => a - b).join(', ')
  await t.rejects(targets.resolve(name), {
    code: 'target-ambiguous',
    message: `several processes are called ${name}, choose one by its pid: ${pids}`,
  })
})

t.test('what is not there is unknown, and the name is quoted', async (t) => {
  const targets = newTargets(t)
  await t.rejects(targets.resolve('no\nsuch'), {
    code: 'target-unknown',
    message: 'there is no target "no\\nsuch"',
    tryNext: 'pprofd ps',
  })
  await t.rejects(targets.resolve('4194305'), {
    code: 'target-unknown',
    message: 'there is no process 4194305',
  })
  for (const selector of ['', '0', '-1', '12345678901', '../1', 'x'.repeat(10_000)]) {
    await t.rejects(targets.resolve(selector), { code: 'target-unknown' })
  }
})

t.test('without discovery only what is configured is allowed', async (t) => {
  const { path, name } = uniqueProgram(t)
  const { pid } = await spawnTarget(t, path)
  const targets = newTargets(t, { discover: false })
  await t.rejects(targets.resolve(String(pid)), {
    code: 'target-forbidden',
    message: `process ${pid} is not among the configured targets, and discover is off`,
  })
  await t.rejects(targets.resolve(name), { code: 'target-unknown' })
  t.strictSame(
    (await targets.list()).map(({ id }) => id),
    ['self'],
  )
})

t.test('self is pprofd, also by its pid', async (t) => {
  const targets = newTargets(t)
  t.match(await targets.resolve('self'), { id: 'self', kind: 'self', pid: process.pid })
  t.match(await targets.resolve(String(process.pid)), { id: 'self', kind: 'self' })
})

t.test('discovery goes by the executable, not by names', async (t) => {
  const sleep = await spawnSleepNamedNode(t)
  const embedder = await spawnObedient(t, { node: nodeNamed(t, 'my-app') })
  const titled = await spawnObedient(t)
  titled.send("process.title = 'not\\nnode'")
  await titled.stdout.waitFor(/^done$/)
  const targets = newTargets(t)
  const pids = (await targets.list()).map(({ pid }) => pid)
  t.notOk(pids.includes(sleep.pid), 'a sleep named node is none')
  t.notOk(pids.includes(embedder.pid), 'an embedder needs the configuration')
  t.match(await targets.resolve(String(titled.pid)), { name: 'not node' })
  t.ok(pids.includes(titled.pid))
})

t.test('an instance id means one run of a process and no later one', async (t) => {
  const targets = newTargets(t)
  const { pid } = await spawnObedient(t)
  const { instance } = await targets.resolve(String(pid))
  t.match(await targets.resolve(instance), { pid, instance })
  const earlier = instance.replace(/-\d+-/, '-1-')
  await t.rejects(targets.resolve(earlier), {
    code: 'target-vanished',
    message: `process ${pid} is not the one that ${earlier} means: that has ended`,
  })
})

t.test('the Node processes below a target are its descendants', async (t) => {
  const parent = await spawnObedient(t)
  const child = `require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e3)'])`
  await obey(parent, child)
  await obey(parent, "require('child_process').spawn('sleep', ['60'])")
  const targets = newTargets(t)
  const target = await targets.resolve(String(parent.pid))
  t.ok(await until(async () => (await targets.descendants(target)).length === 1))
  const [found] = await targets.descendants(target)
  t.match(found, { kind: 'process', executable: process.execPath })
  t.strictSame(await targets.descendants(await targets.resolve('self')), [])
  if (found !== undefined) process.kill(found.pid, 'SIGKILL')
})

t.test('a guest finds only what it may use, and nothing by way of it', async (t) => {
  const targets = newTargets(t)
  const { path, name } = uniqueProgram(t)
  const { pid } = await spawnTarget(t, path)
  const uid = process.geteuid?.() ?? 0
  const own = { processesOf: uid, deny: ['trace'] }
  const target = await targets.resolve(name, own)
  t.same(target.rights, own, 'the rights go with it')
  t.throws(() => targets.checkAllowed(target, 'trace'), { code: 'target-forbidden' })
  t.doesNotThrow(() => targets.checkAllowed(target, 'heap'))
  t.notOk((await targets.list(own)).some(({ kind }) => kind === 'self'))
  for (const processesOf of [uid + 1, 'nobody'] as const) {
    const rights = { processesOf, deny: [] }
    await t.rejects(targets.resolve(name, rights), { code: 'target-unknown' })
    await t.rejects(targets.resolve(String(pid), rights), { code: 'target-forbidden' })
    t.same(await targets.list(rights), [])
    await t.rejects(targets.resolve(undefined, rights), { code: 'target-unknown' })
    const parent = { ...selfProcess(await targets.resolve(String(pid))), rights }
    t.same(await targets.descendants(parent), [])
  }
  const parent = { ...selfProcess(target), rights: own }
  t.match(await targets.descendants(parent), [{ pid, rights: own }], 'also the processes below')
})

t.test("a set-uid program and what has no known user are nobody's own", async (t) => {
  const { pid } = await spawnTarget(t, 'idle.cjs')
  const target = await newTargets(t).resolve(String(pid))
  const own = { processesOf: target.uid, deny: [] }
  t.equal(mayUse(target, own), true)
  t.equal(mayUse({ ...target, hasMixedUids: true }, own), false)
  t.equal(mayUse({ ...target, hasMixedUids: true }, { ...own, processesOf: 'anybody' }), true)
  t.throws(() => withRights({ ...target, id: 'debugged', uid: -1 }, own), {
    code: 'target-forbidden',
    message: /^the target debugged belongs to a user that is not known, but uid /,
  })
})

t.test('new options hold from then on', async (t) => {
  const targets = newTargets(t)
  const { pid } = await spawnObedient(t)
  const target = await targets.resolve(String(pid))
  const attachment = await targets.attach(target)
  targets.reconfigure({
    configured: [],
    discover: false,
    commandTimeoutMs: 1000,
    maxMessageBytes: 1024,
  })
  await t.rejects(targets.resolve(String(pid)), { code: 'target-forbidden' })
  t.equal(await evaluate(attachment.session, '1 + 1'), 2, 'what is attached stays attached')
  await attachment.detach()
})

/** This process as if it were a target; only its pid is looked at. */
function selfProcess(like: Target): Target {
  return { ...like, id: String(process.pid), pid: process.pid, kind: 'process' }
}

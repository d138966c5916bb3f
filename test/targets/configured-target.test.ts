import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { findConfiguredTarget } from '../../src/targets/configured-target.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { fakeProc } from '../proc/fake-proc.ts'
import { temporaryFolder } from '../proc/temporary-folder.ts'
import { configured, newTargets, spawnObedient, targetOf } from './new-targets.ts'

const noProcess = 2 ** 22 + 1

t.test('by pid', async (t) => {
  const { pid } = await spawnObedient(t)
  const found = await findConfiguredTarget(configured('shop', { pid, signal: false }), '/proc')
  t.match(found, { id: 'shop', name: 'shop', pid, configured: true, maySignal: false })
  await t.rejects(findConfiguredTarget(configured('shop', { pid: noProcess }), '/proc'), {
    code: 'target-unknown',
    message: 'target shop is not running',
  })
})

t.test('by pid file, read anew each time', async (t) => {
  const [first, second] = [await spawnObedient(t), await spawnObedient(t)]
  const pidFile = join(temporaryFolder(t), 'shop.pid')
  const entry = configured('shop', { pidFile })
  await t.rejects(findConfiguredTarget(entry, '/proc'), {
    code: 'target-unknown',
    message: `target shop is not running; its pid file is ${pidFile}`,
  })
  for (const { pid } of [first, second]) {
    writeFileSync(pidFile, `${pid}\n`)
    t.match(await findConfiguredTarget(entry, '/proc'), { id: 'shop', pid })
  }
  for (const text of ['', 'shop', '-1', '0', '12 13', '1e3', '99999999999']) {
    writeFileSync(pidFile, text)
    await t.rejects(findConfiguredTarget(entry, '/proc'), { code: 'target-unknown' }, text)
  }
})

t.test('by what its arguments match', async (t) => {
  const mark = `mark-${process.pid}-${Date.now()}`
  const one = await spawnObedient(t, { programArguments: [mark, 'one'] })
  const match = `obeys-lines\\.cjs ${mark}`
  const found = await findConfiguredTarget(configured('shop', { match }), '/proc')
  t.match(found, { id: 'shop', name: 'shop', pid: one.pid, configured: true })
  const two = await spawnObedient(t, { programArguments: [mark, 'two'] })
  const pids = [one.pid, two.pid].sort((a, b) => a - b).join(', ')
  await t.rejects(findConfiguredTarget(configured('shop', { match }), '/proc'), {
    code: 'target-ambiguous',
    message: `target shop fits several processes, choose one by its pid: ${pids}`,
  })
  const exact = configured('shop', { match: `${mark} two$` })
  t.match(await findConfiguredTarget(exact, '/proc'), { pid: two.pid })
  await t.rejects(findConfiguredTarget(configured('shop', { match: `${mark} none` }), '/proc'), {
    code: 'target-unknown',
    message: 'target shop is not running',
  })
})

t.test('by systemd unit', async (t) => {
  const stat = '5 (node) S 1 5 5 0 -1 4194304 1 0 0 0 5 2 0 0 20 0 11 0 77 1 2 3'
  const status = 'Pid:\t5\nUid:\t1\t1\t1\t1\nSigCgt:\t0\nSigBlk:\t0\n'
  const node = { stat, status, cmdline: 'node\0', exe: { link: process.execPath } }
  const root = fakeProc(t, {
    5: { ...node, cgroup: '0::/system.slice/shop.service\n' },
    6: { ...node, cgroup: '0::/system.slice/shop.service.d/x\n' },
    7: { ...node },
    8: { ...node, cgroup: '12:cpu:/\n1:name=systemd:/system.slice/mail.service/worker\n' },
  })
  const byUnit = (unit: string) => findConfiguredTarget(configured('shop', { unit }), root)
  t.match(await byUnit('shop.service'), { pid: 5, startTimeTicks: 77n })
  t.match(await byUnit('mail.service'), { pid: 8 }, 'a process in a group below the unit')
  await t.rejects(byUnit('none.service'), { code: 'target-unknown' })
})

t.test('by port, with whatever inspector is there', async (t) => {
  const spawned = await spawnObedient(t, { nodeArguments: ['--inspect=0'] })
  const [port = 0] = await listeningPorts(spawned.pid)
  const targets = newTargets(t, { configured: [configured('shop', { port })], discover: false })
  const target = await targets.resolve('shop')
  t.match(target, { kind: 'port', port, pid: 0 })
  t.match(await targets.preflight(target), { attachable: true, via: 'open-inspector', port })
  const attachment = await targets.attach(target)
  t.match(attachment, { openedByUs: false, nodeVersion: process.version })
  await attachment.detach()
  await attachment.detach()
  t.strictSame(await listeningPorts(spawned.pid), [port], 'it stays open')
  spawned.child.kill('SIGKILL')
  await spawned.waitForExit()
  await t.rejects(targets.attach(target), {
    code: 'attach-failed',
    message: `no inspector answers on 127.0.0.1:${port} (target shop)`,
  })
})

t.test('switched off, it is forbidden and not listed', async (t) => {
  const { pid } = await spawnObedient(t)
  const entry = configured('shop', { pid, enabled: false })
  const targets = newTargets(t, { configured: [entry], discover: false })
  await t.rejects(targets.resolve('shop'), {
    code: 'target-forbidden',
    message: 'target shop is switched off in the configuration (enabled: false)',
  })
  t.strictSame(
    (await targets.list()).map(({ id }) => id),
    ['self'],
  )
})

t.test('asked for by pid it keeps its name and its rules', async (t) => {
  const { pid } = await spawnObedient(t)
  const entry = configured('shop', { pid, signal: false })
  const targets = newTargets(t, { configured: [entry] })
  t.match(await targetOf(targets, { pid }), { id: 'shop', maySignal: false })
  const ids = (await targets.list()).filter((target) => target.pid === pid).map(({ id }) => id)
  t.strictSame(ids, ['shop'], 'and is listed once')
})

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { listPids } from '../../src/proc/list-pids.ts'
import { readProcFolder, unlessDenied } from '../../src/proc/proc-file.ts'
import {
  readArguments,
  readEnvironmentVariable,
  readWorkingDirectory,
} from '../../src/proc/process-command.ts'
import { isStillRunning } from '../../src/proc/process-identity.ts'
import { readProcessStat } from '../../src/proc/process-stat.ts'
import { fakeProc } from './fake-proc.ts'

const nobody = 2 ** 22 + 1

t.test('lists pids in ascending order and nothing else', async (t) => {
  const root = fakeProc(t, { 10: {}, 9: {}, self: {}, 'net-1': {}, '12a': {} })
  t.strictSame(await listPids(root), [9, 10])
  t.ok((await listPids()).includes(process.pid))
  t.strictSame(await listPids(`${root}/none`), [], 'where there is no /proc')
})

t.test('reads arguments', async (t) => {
  const cases = [
    { cmdline: 'node\0app.js\0', expected: ['node', 'app.js'] },
    { cmdline: 'node\0-e\0a b\n"c"\0', expected: ['node', '-e', 'a b\n"c"'] },
    { cmdline: 'node\0\0x\0', expected: ['node', '', 'x'] },
    { cmdline: 'a title\0\0\0\0\0', expected: ['a title'] },
    { cmdline: 'no end', expected: ['no end'] },
    { cmdline: '', expected: [] },
  ]
  for (const [index, { cmdline, expected }] of cases.entries()) {
    const root = fakeProc(t, { [index]: { cmdline } })
    t.strictSame(await readArguments(index, root), expected, JSON.stringify(cmdline))
  }
  t.equal(await readArguments(nobody), undefined)
})

t.test('reads one environment variable', async (t) => {
  const environ = 'NODE_OPTIONS_X=1\0XNODE_OPTIONS=2\0NODE_OPTIONS=--a=b --c\0EMPTY=\0'
  const root = fakeProc(t, { 1: { environ } })
  t.equal(await readEnvironmentVariable(1, 'NODE_OPTIONS', root), '--a=b --c')
  t.equal(await readEnvironmentVariable(1, 'EMPTY', root), '')
  t.equal(await readEnvironmentVariable(1, 'OPTIONS', root), undefined)
  t.equal(await readEnvironmentVariable(nobody, 'PATH'), undefined)
})

t.test('reads the working directory', async (t) => {
  t.equal(await readWorkingDirectory(process.pid), process.cwd())
  t.equal(await readWorkingDirectory(nobody), '')
})

t.test('unlessDenied passes on every failure but a denial', async (t) => {
  const failure = (code: string) => Promise.reject(Object.assign(new Error(code), { code }))
  t.equal(await unlessDenied(failure('EACCES')), undefined)
  t.equal(await unlessDenied(failure('EPERM')), undefined)
  await t.rejects(unlessDenied(failure('EIO')), { code: 'EIO' })
  await t.rejects(unlessDenied(Promise.reject('no error object')))
  await t.rejects(readProcFolder('/proc/\0'), { code: 'ERR_INVALID_ARG_VALUE' })
})

t.test('a process is identified by pid and start time', async (t) => {
  const { startTimeTicks = 0n } = (await readProcessStat(process.pid)) ?? {}
  t.equal(await isStillRunning({ pid: process.pid, startTimeTicks }), true)
  t.equal(await isStillRunning({ pid: process.pid, startTimeTicks: startTimeTicks + 1n }), false)
  t.equal(await isStillRunning({ pid: nobody, startTimeTicks }), false)
})

t.test('a zombie does not run', async (t) => {
  // bash starts a child and becomes a sleep, which never waits for it.
  const parent = spawn('bash', ['-c', 'sleep 0.2 & echo $!; exec sleep 60'])
  t.teardown(() => parent.kill('SIGKILL'))
  const pid = Number(String((await once(parent.stdout, 'data'))[0]))
  const { startTimeTicks = 0n } = (await readProcessStat(pid)) ?? {}
  t.equal(await isStillRunning({ pid, startTimeTicks }), true)
  while ((await readProcessStat(pid))?.state !== 'Z') await sleep(20)
  t.equal(await isStillRunning({ pid, startTimeTicks }), false)
  t.strictSame(await readArguments(pid), [])
  t.equal(await readEnvironmentVariable(pid, 'PATH'), undefined)
  t.equal(await readWorkingDirectory(pid), '')
})

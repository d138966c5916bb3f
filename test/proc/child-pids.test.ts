import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { childPids } from '../../src/proc/child-pids.ts'
import { fakeProc } from './fake-proc.ts'

t.test('the children that run, and no others', async (t) => {
  const before = await childPids(process.pid)
  const children = [1, 2].map(() => spawn('sleep', ['60']))
  t.teardown(() => children.map((child) => child.kill('SIGKILL')))
  const pids = children.map(({ pid }) => pid)
  const added = (await childPids(process.pid)).filter((pid) => !before.includes(pid))
  t.strictSame([...added].sort(), [...pids].sort())
  for (const child of children) {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  const left = await childPids(process.pid)
  t.notOk(pids.some((pid) => pid !== undefined && left.includes(pid)))
})

t.test('a process that is gone has none', async (t) => {
  t.strictSame(await childPids(2 ** 22 + 1), [])
})

t.test('a kernel without the list of children is asked for every parent', async (t) => {
  const stat = (pid: number, parent: number) => ({
    stat: `${pid} (node) S ${parent} ${'0 '.repeat(17)}100 ${'0 '.repeat(30)}\n`,
  })
  const root = fakeProc(t, { 1: stat(1, 0), 5: stat(5, 1), 6: stat(6, 5), 7: stat(7, 6) })
  t.strictSame(await childPids(5, root), [6])
})

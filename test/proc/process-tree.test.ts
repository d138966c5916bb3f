import t from 'tap'
import { descendantPids } from '../../src/proc/process-tree.ts'
import { fakeProc } from './fake-proc.ts'

/** The beginning of /proc/PID/stat as far as the parent, and the rest as a real one has it. */
const child = (pid: number, parent: number) => ({
  stat: `${pid} (no) de) S ${parent} ${'0 '.repeat(17)}100 ${'0 '.repeat(30)}\n`,
})

t.test('all below a process, children before their own children', async (t) => {
  const root = fakeProc(t, {
    1: child(1, 0),
    10: child(10, 1),
    11: child(11, 10),
    12: child(12, 10),
    13: child(13, 11),
    14: child(14, 13),
    20: child(20, 1),
    30: {},
  })
  t.strictSame(await descendantPids(10, root), [11, 12, 13, 14])
  t.strictSame(await descendantPids(14, root), [])
  t.strictSame(await descendantPids(99, root), [])
  t.strictSame([...(await descendantPids(1, root))].sort(), [10, 11, 12, 13, 14, 20])
})

t.test('the tree of this very process is finite, and without it', async (t) => {
  t.notOk((await descendantPids(process.pid)).includes(process.pid))
})

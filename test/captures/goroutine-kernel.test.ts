import t from 'tap'
import {
  blockedDraft,
  type KernelThread,
  mayBeIdle,
  threadOfWorker,
} from '../../src/captures/goroutine-kernel.ts'

const thread = (tid: number, more: Partial<KernelThread> = {}): KernelThread => ({
  tid,
  innermostTid: tid,
  comm: 'node',
  state: 'S',
  waitChannel: undefined,
  syscall: 'futex',
  fileDescriptor: undefined,
  file: undefined,
  ...more,
})
const child = { pid: 9, arguments: ['sleep', '6'] }

t.test('says in words what the kernel knows', (t) => {
  const pipe = { syscall: 'read', fileDescriptor: 3, file: '/tmp/fifo', waitChannel: 'pipe_read' }
  const cases = [
    [thread(1, pipe), [], 'read of fd 3 (/tmp/fifo), kernel function pipe_read'],
    [thread(1, { syscall: 'wait4' }), [child], 'wait4; child 9 sleep 6'],
    [thread(1, { syscall: undefined, state: 'D' }), [], 'state D'],
    [thread(1, { state: 'R' }), [], 'it uses the processor'],
    [undefined, [], 'its kernel thread is unknown'],
  ] as const
  for (const [kernel, children, waitsFor] of cases) {
    const draft = blockedDraft(kernel, children)
    t.match(draft, { kind: 'running', state: 'blocked in native code', stack: [], waitsFor })
  }
  t.equal(blockedDraft(thread(1, { state: 'T' }), []).state, 'stopped')
  t.end()
})

t.test('finds the thread of a worker by its name, or as the only one that it can be', (t) => {
  const main = thread(1, { syscall: 'read' })
  const helpers = [thread(2, { comm: 'V8Worker', syscall: 'read' })]
  const reader = thread(5, { syscall: 'openat' })
  const find = (threads: readonly KernelThread[], known: readonly number[] = []) =>
    threadOfWorker(
      'pool#1',
      { threads: [main, ...helpers, ...threads], children: [] },
      1,
      new Set(known),
    )
  t.equal(find([thread(3), thread(4, { comm: 'pool' }), reader])?.tid, 4)
  t.equal(find([thread(3), thread(4, { syscall: 'epoll_wait' }), reader])?.tid, 5)
  t.equal(find([reader, thread(6, { syscall: 'read' })]), undefined, 'one of two')
  t.equal(find([reader, thread(6, { syscall: 'read' })], [5])?.tid, 6)
  t.equal(find([]), undefined)
  t.end()
})

t.test('tells an event loop from a wait for a child as far as the kernel can', (t) => {
  t.equal(mayBeIdle(thread(1, { syscall: 'epoll_pwait' }), []), true)
  t.equal(mayBeIdle(thread(1, { syscall: 'epoll_wait' }), [child]), false)
  t.equal(mayBeIdle(thread(1, { syscall: 'read' }), []), false)
  t.equal(mayBeIdle(thread(1, { syscall: undefined }), []), true)
  t.equal(mayBeIdle(thread(1, { syscall: undefined, state: 'R' }), []), false)
  t.end()
})

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { syscallName } from '../../src/proc/syscall-names.ts'
import { parseSyscall, readChildren, readThreadStates } from '../../src/proc/thread-state.ts'
import { fakeProc } from './fake-proc.ts'

const nobody = 2 ** 22 + 1
const stat = (comm: string) => `7 (${comm}) S 1 ${'0 '.repeat(17)}99`

t.test('reads what the threads of this process do', async (t) => {
  const threads = await readThreadStates(process.pid)
  t.ok(threads.length > 4, `${threads.length} threads`)
  t.equal(threads[0]?.tid, process.pid)
  t.equal(threads[0]?.state, 'R', 'this one runs, as it reads')
  t.ok(threads.some(({ syscall }) => syscall?.startsWith('epoll') || syscall === 'futex'))
  t.strictSame(await readThreadStates(nobody), [])
})

t.test('says which file a blocked thread reads, and which children it has', async (t) => {
  const script = 'sleep 60 & exec cat'
  const parent = spawn('bash', ['-c', `${script}`], { stdio: ['pipe', 'pipe', 'ignore'] })
  t.teardown(async () => {
    for (const { pid } of await readChildren(parent.pid ?? nobody)) process.kill(pid, 'SIGKILL')
    parent.kill('SIGKILL')
  })
  parent.stdin.write('x\n')
  await once(parent.stdout, 'data')
  for (;;) {
    const [main] = await readThreadStates(parent.pid ?? nobody)
    if (main?.state !== 'S') continue
    t.match(main, { comm: 'cat', syscall: 'read', fileDescriptor: 0, file: /^(pipe|socket):\[/ })
    break
  }
  const children = await readChildren(parent.pid ?? nobody)
  t.strictSame(
    children.map((child) => child.arguments),
    [['sleep', '60']],
  )
})

t.test(
  'reads threads of other namespaces, and leaves out what is gone or unreadable',
  async (t) => {
    const root = fakeProc(t, {
      7: {
        'task/7/stat': stat('node'),
        'task/7/status': 'Name:\tnode\nNSpid:\t7\t1\n',
        'task/7/wchan': '0',
        'task/7/syscall': 'running\n',
        'task/9/stat': stat('a) S (b'),
        'task/9/wchan': 'ep_poll',
        'task/9/syscall': '-1 0x7ff 0x1\n',
        'task/11/comm': 'ended meanwhile',
      },
    })
    const unknown = { syscall: undefined, fileDescriptor: undefined, file: undefined }
    t.strictSame(await readThreadStates(7, root), [
      { tid: 7, innermostTid: 1, comm: 'node', state: 'S', waitChannel: undefined, ...unknown },
      { tid: 9, innermostTid: 9, comm: 'a) S (b', state: 'S', waitChannel: 'ep_poll', ...unknown },
    ])
  },
)

t.test('names system calls', (t) => {
  const cases = [
    ['0 0x11 0x7f 0x1', 'x64', 'read', 17],
    ['63 0x11 0x7f 0x1', 'arm64', 'read', 17],
    ['232 0x9 0x7f', 'x64', 'epoll_wait', undefined],
    ['202 0x9 0x7f', 'x64', 'futex', undefined],
    ['9999 0x9 0x7f', 'x64', 'system call 9999', undefined],
    ['running', 'x64', undefined, undefined],
    ['-1 0x7ff', 'x64', undefined, undefined],
  ] as const
  for (const [text, architecture, syscall, fileDescriptor] of cases) {
    t.strictSame(parseSyscall(text, architecture), { syscall, fileDescriptor }, text)
  }
  t.equal(syscallName(process.arch === 'arm64' ? 98 : 202), 'futex')
  t.end()
})

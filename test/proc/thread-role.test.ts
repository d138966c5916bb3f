import t from 'tap'
import { type NamedThread, type RoleHints, threadRoles } from '../../src/proc/thread-role.ts'

const pid = 100

/** Names in the order of their threads; `name@ticks` where the start matters, `name!call` a system call. */
function rolesOf(names: string, hints?: RoleHints): readonly (string | undefined)[] {
  const threads = names.split(' ').map((text, index): NamedThread => {
    const [, comm = '', ticks, syscall] = /^([^@!]*)(?:@(\d+))?(?:!(\w+))?$/.exec(text) ?? []
    const startTimeTicks = ticks === undefined ? index * 10 : Number(ticks)
    return { tid: pid + index, comm, startTimeTicks, syscall }
  })
  const roles = threadRoles(pid, threads, hints)
  return threads.map(({ tid }) => roles.get(tid))
}

const first = ['main', 'v8-delayed-tasks', 'v8-worker', 'v8-worker', 'v8-worker', 'v8-worker']
const pool = ['libuv-pool', 'libuv-pool', 'libuv-pool', 'libuv-pool']

// As seen on Node 26, 24, 22 and 20.
const cases: readonly (readonly [names: string, roles: readonly string[], hints?: RoleHints])[] = [
  [
    'node-MainThread DelayedTaskSche node-V8Worker node-V8Worker node-V8Worker node-V8Worker SignalInspector libuv-worker WorkerThread pool-x v8:ProfEvntProc InspectorIo',
    [...first, 'signal-inspector', 'libuv-pool', 'worker', 'other', 'sampler', 'inspector'],
  ],
  [
    'MainThread DelayedTaskSche V8Worker V8Worker V8Worker V8Worker SignalInspector pool-x',
    [...first, 'signal-inspector', 'worker'],
    { workers: new Set([107]) },
  ],
  [
    'node DelayedTaskSche node node node node node libuv-worker libuv-worker libuv-worker libuv-worker node!epoll_wait v8:ProfEvntProc',
    [...first, 'signal-inspector', ...pool, 'worker-or-inspector', 'sampler'],
  ],
  [
    'node node node node node node node node@90 node@90 node@91 node@91 node!epoll_pwait node v8:ProfEvntProc sharp',
    [...first, 'signal-inspector', ...pool, 'worker-or-inspector', 'other', 'sampler', 'other'],
  ],
  [
    'node node node node',
    ['main', 'v8-delayed-tasks', 'v8-worker', 'signal-inspector'],
    { v8PoolSize: 1 },
  ],
]

for (const [names, roles, hints] of cases) {
  t.test(`${names}`, async (t) => t.same(rolesOf(names, hints), roles))
}

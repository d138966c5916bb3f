import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { findThread } from '../../src/proc/find-thread.ts'
import { type ThreadLook, ThreadWatch } from '../../src/proc/thread-watch.ts'
import { fakeProc } from './fake-proc.ts'

async function started(t: Test, script: string): Promise<number> {
  const child = spawn('bash', ['-c', script], { stdio: ['pipe', 'pipe', 'ignore'] })
  t.teardown(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return child.pid ?? 0
}

async function watched(pid: number, ms = 300): Promise<readonly ThreadLook[]> {
  const watch = new ThreadWatch(pid, { intervalMs: 10 })
  watch.add(pid)
  await sleep(ms)
  watch.stop()
  return watch.looksOf(pid)
}

const cpuOf = (looks: readonly ThreadLook[]) => (looks.at(-1)?.cpuUs ?? 0) - (looks[0]?.cpuUs ?? 0)

t.test('tells a thread that sleeps from one that works, and in what it sleeps', async (t) => {
  const beganUs = Number(process.hrtime.bigint() / 1000n)
  const reader = await watched(await started(t, 'echo ready; read line'))
  t.ok(reader.length > 5)
  t.ok(reader.every(({ atUs }, index) => atUs > (reader[index - 1]?.atUs ?? beganUs)))
  t.match(reader.at(-1), { isAsleep: true, wait: /read/ })
  t.ok(cpuOf(reader.slice(-5)) < 5_000)
  const worker = await watched(await started(t, 'echo ready; while :; do :; done'), 500)
  const working = worker.filter(({ isAsleep }) => !isAsleep)
  t.ok(working.length > worker.length * 0.8, `${working.length} of ${worker.length}`)
  // A machine with other work gives it a part of the half second.
  t.ok(cpuOf(worker) > 20_000, `${cpuOf(worker)} us of CPU time`)
})

t.test('a thread that is gone or was never there has no looks', async (t) => {
  const pid = await started(t, 'echo ready; read line')
  const watch = new ThreadWatch(pid, { intervalMs: 5 })
  t.equal(watch.add(4_194_305), false)
  t.strictSame(watch.looksOf(4_194_305), [])
  t.equal(watch.add(pid), true)
  t.equal(watch.add(pid), true, 'once is enough')
  await sleep(50)
  process.kill(pid, 'SIGKILL')
  // Until its parent has read how it ended it is there, and is looked at.
  let seen = -1
  while (watch.looksOf(pid).length !== seen) {
    seen = watch.looksOf(pid).length
    await sleep(200)
  }
  watch.stop()
  watch.stop()
  t.equal(watch.looksOf(pid).length, seen)
  t.ok(watch.costMs > 0)
  t.equal(watch.add(pid), false, 'no more after the end')
})

t.test('says no wait where the kernel does not', (t) => {
  const stat = '7 (a) S (b) S 1 7 7 0'
  const cases = [
    [{ stat, schedstat: '5000 2000 3\n', syscall: '-1 0x7ff\n', wchan: 'ep_poll' }, 'ep_poll'],
    [{ stat, schedstat: '5000 2000 3\n', syscall: '202 0x1\n', wchan: '0' }, /futex|system call/],
    [{ stat, schedstat: '5000 2000 3\n', wchan: '0' }, undefined],
  ] as const
  for (const [files, wait] of cases) {
    const entries = Object.entries(files).map(([name, text]) => [`task/7/${name}`, text])
    const root = fakeProc(t, { 7: Object.fromEntries(entries) })
    const watch = new ThreadWatch(7, { intervalMs: 1000, procRoot: root })
    t.ok(watch.add(7))
    watch.stop()
    const [look] = watch.looksOf(7)
    t.match(look, { cpuUs: 5, queuedUs: 2, isAsleep: true })
    if (wait === undefined) t.equal(look?.wait, undefined)
    else t.match(look?.wait, wait)
  }
  t.end()
})

t.test('finds a thread by its id in another pid namespace', async (t) => {
  const root = fakeProc(t, {
    7: {
      'task/7/status': 'Name:\tnode\nNSpid:\t7\t1\n',
      'task/9/status': 'Name:\tnode\nNSpid:\t9\t12\n',
      'task/12/status': 'Name:\tnode\nNSpid:\t12\t15\n',
    },
  })
  t.equal(await findThread(7, 1, root), 7)
  t.equal(await findThread(7, 12, root), 9)
  t.equal(await findThread(7, 15, root), 12)
  t.equal(await findThread(7, 16, root), undefined)
  t.equal(await findThread(process.pid, process.pid), process.pid)
})

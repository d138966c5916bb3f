import t from 'tap'
import { monotonicUs } from '../../src/proc/monotonic-time.ts'
import {
  parseSchedstat,
  parseThreadStat,
  readCpuTime,
  readProcessCpuUs,
  readThreadTimes,
} from '../../src/proc/thread-times.ts'
import { fakeProc } from './fake-proc.ts'

const nobody = 2 ** 22 + 1
/** 1.5 s of user time, 0.5 s of system time, started at tick 99. */
const stat = (comm: string) => `7 (${comm}) S 1 ${'0 '.repeat(9)}150 50 ${'0 '.repeat(6)}99 0`

t.test("this thread's clock runs while it computes, on the clock of profiles", async (t) => {
  const before = await readCpuTime(process.pid, process.pid)
  const endMs = performance.now() + 100
  while (performance.now() < endMs);
  const after = await readCpuTime(process.pid, process.pid)
  if (!before || !after) throw new Error('this process is gone')
  const usedUs = after.usedUs - before.usedUs
  const elapsedUs = after.atUs - before.atUs
  t.ok(usedUs > 10_000, `${usedUs} us`)
  t.ok(usedUs < elapsedUs + 20_000, `of ${elapsedUs} us`)
  t.ok(Math.abs(monotonicUs() - Number(process.hrtime.bigint() / 1000n)) < 1e6)
  const threads = await readThreadTimes(process.pid)
  t.equal(threads[0]?.tid, process.pid)
  const ofThreads = threads.reduce((sum, { time }) => sum + time.usedUs, 0)
  const ofProcess = (await readProcessCpuUs(process.pid)) ?? 0
  t.ok(ofThreads > 0 && ofThreads < ofProcess + 1e6, `${ofThreads} and ${ofProcess}`)
})

t.test('where the kernel counts no nanoseconds, ticks tell', async (t) => {
  const procRoot = fakeProc(t, {
    7: {
      stat: stat('node'),
      'task/7/stat': stat('node'),
      'task/7/schedstat': '0 0 0\n',
      'task/7/status': 'NSpid:\t7\t3\n',
      'task/8/stat': stat('a) (b'),
      'task/8/schedstat': '2000500000 7000000 12\n',
    },
  })
  t.match(await readThreadTimes(7, procRoot), [
    { tid: 7, innermostTid: 3, comm: 'node', startTimeTicks: 99, time: { usedUs: 2_000_000 } },
    { tid: 8, innermostTid: 8, comm: 'a) (b', time: { usedUs: 2_000_500, queuedUs: 7000 } },
  ])
  t.equal((await readCpuTime(7, 7, procRoot))?.queuedUs, undefined)
  t.equal(await readProcessCpuUs(7, procRoot), 2_000_000)
})

t.test('who is gone has no time', async (t) => {
  t.same(await readThreadTimes(nobody), [])
  t.equal(await readCpuTime(nobody, nobody), undefined)
  t.equal(await readProcessCpuUs(nobody), undefined)
  for (const text of ['', 'x', '0 0 0', '7 (node']) {
    t.equal(parseSchedstat(text), undefined, text)
    t.equal(parseThreadStat(text), undefined, text)
  }
})

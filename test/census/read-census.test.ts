// The reader in this thread: what it refuses, gives up, and leaves behind.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import type { KnownLayouts } from '../../src/census/calibrate.ts'
import { readCensus } from '../../src/census/read-census.ts'
import { takeCensus } from '../../src/census/take-census.ts'
import { nodeBinary } from '../fixtures/support/node-binaries.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { stackText } from './group-text.ts'
import { isPossible } from './possible-stacks.mjs'

const maxBytes = 2 ** 30
const request = { procRoot: '/proc', maxBytes, passes: undefined, stop: false }
const known: KnownLayouts = new Map()
/** Not the Node of the test: tap puts code of its own into every child that is called `node`. */
const { path = process.execPath } = await nodeBinary(22)
const another = { node: path }
/** Passes that no machine gets done with before something ends them. */
const endless = 1_000_000

t.test('learns a build once, and reads twice where it does not stop', async (t) => {
  const { pid } = await spawnTarget(t, 'await-shared.cjs', another)
  const census = await readCensus({ ...request, pid }, known)
  t.equal(known.size, 1)
  t.equal(census.passes, 2)
  t.ok(census.bytesRead > census.heapBytes)
  t.equal(census.isolates.length, 3)
  const again = await readCensus({ ...request, pid, passes: 1 }, known)
  t.equal(again.passes, 1)
  t.strictSame(again.groups.map(stackText).sort(), census.groups.map(stackText).sort())
  t.equal(known.size, 1)
})

t.test('does the same in the main thread for any Node, busy or not', async (t) => {
  const { pid } = await spawnTarget(t, 'await-load.cjs', another)
  for (const stop of [false, true]) {
    const { groups, passes, stoppedMs } = await readCensus({ ...request, pid, stop }, known)
    t.equal(passes, stop ? 1 : 2)
    t.equal(stoppedMs > 0, stop)
    const texts = groups.filter(({ stack }) => stack[0]?.line !== 0).map(stackText)
    t.strictSame(
      texts.filter((text) => !isPossible(text)),
      [],
    )
  }
  t.not(stateOf(pid), 'T')
})

t.test('given up at whatever moment, it leaves no file open', async (t) => {
  const { pid } = await spawnTarget(t, 'idle.cjs', another)
  const before = openFiles().length
  for (let afterMs = 10; afterMs < 400; afterMs += 40) {
    const signal = AbortSignal.timeout(afterMs)
    await takeCensus({ pid, maxBytes, passes: 2, signal }).catch(() => {})
  }
  // Threads that were given up while they loaded end by themselves, and slowly under tap.
  for (let waits = 0; openFiles().length > before && waits < 200; waits++) await delay(100)
  t.ok(openFiles().length <= before, openFiles().join(' '))
})

t.test('says what a census would take where that is too much', async (t) => {
  const { pid } = await spawnTarget(t, 'idle.cjs', another)
  const census = readCensus({ ...request, pid, maxBytes: 1e6 }, known)
  await t.rejects(census, {
    code: 'memory-too-large',
    message: /heaps of process \d+ have \d+ MB, and maxmem allows 1 MB/,
    tryNext: /^maxmem=\d{7}/,
  })
  const stopping = readCensus({ ...request, pid, maxBytes: 1e6, stop: true }, known)
  await t.rejects(stopping, { code: 'memory-too-large' })
  t.not(stateOf(pid), 'T', 'it goes on')
})

t.test('a process that has ended, or ends meanwhile, is told as that', async (t) => {
  const gone = { code: 'target-vanished' }
  await t.rejects(readCensus({ ...request, pid: 2 ** 22 - 1 }, known), gone)
  await t.rejects(takeCensus({ pid: 2 ** 22 - 1, maxBytes }), gone)
  // While the thread loads, while it learns the build, and in the middle of its passes.
  for (const afterMs of [30, 300, 900, 1500]) {
    const target = await spawnTarget(t, 'await-load.cjs')
    const census = takeCensus({ pid: target.pid, maxBytes, passes: endless })
    await Promise.all([
      t.rejects(census, gone, `it ends after ${afterMs} ms`),
      delay(afterMs).then(() => target.child.kill('SIGKILL')),
    ])
  }
})

t.test(
  'is given up at once when nobody wants it any more, and leaves the target running',
  async (t) => {
    const target = await spawnTarget(t, 'await-load.cjs')
    const aborted = { code: 'capture-aborted' }
    await t.rejects(takeCensus({ pid: target.pid, maxBytes, signal: AbortSignal.abort() }), aborted)
    const endedAfter = (afterMs: number) => ({
      pid: target.pid,
      maxBytes,
      signal: AbortSignal.timeout(afterMs),
    })
    await t.rejects(takeCensus({ ...endedAfter(500), passes: endless }), aborted)
    // One pass, which may be over before it is given up: from the start of the thread to the end.
    for (let afterMs = 0; afterMs < 500; afterMs += 50) {
      const census = takeCensus({ ...endedAfter(afterMs), stop: true })
      const code = await census.then(
        () => 'done',
        ({ code }) => code,
      )
      t.match(code, /^(done|capture-aborted)$/, `given up after ${afterMs} ms`)
      t.ok(target.isAlive())
      t.not(stateOf(target.pid), 'T')
    }
  },
)

t.test('what somebody else has stopped stays stopped', async (t) => {
  const target = await spawnTarget(t, 'await-module.mjs')
  target.child.kill('SIGSTOP')
  while (stateOf(target.pid) !== 'T') await delay(5)
  const { groups, stoppedMs } = await takeCensus({ pid: target.pid, maxBytes, stop: true })
  t.ok(groups.map(stackText).includes('inArrow 6:3'))
  t.equal(stoppedMs, 0)
  t.equal(stateOf(target.pid), 'T')
})

/** The kernel's letter: T is stopped. */
function stateOf(pid: number): string | undefined {
  return /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]
}

function openFiles(): readonly string[] {
  const links = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return ''
    }
  })
  return links.filter((link) => /\/src\/.*\.ts$|^\/proc\/\d+\//.test(link))
}

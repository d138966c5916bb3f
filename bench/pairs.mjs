// How a process that is recorded is compared with one that is not: in blocks of four short windows,
// without, with, with, without, so that a machine that becomes faster or slower meanwhile does so for both.
// Each block gives one ratio of each figure; their median and its interval are the result.
import { setTimeout as delay } from 'node:timers/promises'
import { Estimate, Spread } from './statistics.mjs'

/** After a recording has ended. */
const settleMs = 150

/**
 * After a process has rested. V8 lets go of code meanwhile, and what it compiles again it has to describe to a
 * profiler, too; a process that always has work does not pay that.
 */
const wakeMs = 1500

/** One process, in which a recording starts and ends: no difference between two processes is measured. */
export async function switchedBlock(target, { start, stop, startMs }, windowMs) {
  await delay(settleMs)
  const first = await target.window(windowMs)
  await start(2 * windowMs)
  await delay(startMs)
  const starting = await target.take()
  const during = [await target.window(windowMs), await target.window(windowMs)]
  await stop()
  const ending = await target.take()
  await delay(settleMs)
  const last = await target.window(windowMs)
  return { ...ratios([first, last], during), startMs: starting.max, endMs: ending.max }
}

/** Two processes, of which one is recorded all the time; only one of them works at a time, the other one rests. */
export async function twinBlock({ plain, recorded }, windowMs, during = async () => {}) {
  const windows = new Map([
    [plain, []],
    [recorded, []],
  ])
  for (const twin of [plain, recorded, recorded, plain]) {
    await twin.work()
    await delay(wakeMs)
    const others = twin === recorded ? during() : undefined
    windows.get(twin).push(await twin.window(windowMs))
    await others
    await twin.rest()
  }
  return ratios(windows.get(plain), windows.get(recorded))
}

/** Two blocks in which the twins had each other's role: what differs between them cancels out. */
export function bothRoles(one, other) {
  const mean = (key) => Math.sqrt(one[key] * other[key])
  return {
    work: mean('work'),
    mainCpu: mean('mainCpu'),
    cpu: mean('cpu'),
    p99: mean('p99'),
    longest: Math.max(one.longest, other.longest),
    longestWithout: Math.max(one.longestWithout, other.longestWithout),
  }
}

function ratios(without, recorded) {
  const each = (key) => perUnit(recorded, key) / perUnit(without, key)
  return {
    work: 1 / each('wallMs'),
    mainCpu: each('mainCpuMs'),
    cpu: each('cpuMs'),
    p99: p99Of(recorded) / p99Of(without),
    longest: Math.max(...recorded.map(({ max }) => max)),
    longestWithout: Math.max(...without.map(({ max }) => max)),
  }
}

function perUnit(windows, key) {
  const sum = (of) => windows.reduce((total, window) => total + (window[of] ?? Number.NaN), 0)
  return sum(key) / sum('count')
}

/** Of all turns of these windows together. */
function p99Of(windows) {
  const turns = windows.reduce((total, window) => total + window.turns, 0)
  const slowest = windows.flatMap((window) => window.slowest).sort((x, y) => y - x)
  return slowest[Math.floor(turns / 100)]
}

/** A row of a table. */
export function rowOf(blocks) {
  const each = (key) => blocks.map((block) => block[key])
  return {
    blocks: blocks.length,
    'work done, of that without': new Estimate(each('work'), 3),
    'CPU of a unit, main thread': new Estimate(each('mainCpu'), 3),
    'CPU of a unit, process': new Estimate(each('cpu'), 3),
    'p99 of a turn, of that without': new Estimate(each('p99'), 2),
    'longest turn, ms': new Spread(each('longest'), 0),
    'and without': new Spread(each('longestWithout'), 0),
    ...(blocks.some(({ startMs }) => startMs !== undefined) && {
      'at its start, ms': new Spread(each('startMs'), 0),
      'at its end, ms': new Spread(each('endMs'), 0),
    }),
  }
}

// What being profiled costs a process that has all hands full: how much less it gets done, how much more CPU time
// a unit of its work takes, how long its slowest turns become, by who records it, at 100 Hz and 1 kHz.
// `throughput.mjs [--targets hello,fastify] [--contenders words,of,names] [--rates '100 Hz,1 kHz'] [--rounds 6]
// [--window 1]`: a round is one block of four windows (pairs.mjs) of each contender, two pairs: 5 to 6 s with windows of
// 1 s, and four times that for what is recorded all the time. A target is a number of functions or a name of busy-work.mjs.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startBusy } from './busy-process.mjs'
import { bothRoles, rowOf, switchedBlock, twinBlock } from './pairs.mjs'
import { printMachine, startDaemon } from './processes.mjs'
import { showTable } from './results.mjs'
import { chained, fromItsStart, isPerfHere, switched } from './rivals.mjs'

const { values } = parseArgs({
  options: {
    targets: { type: 'string', default: 'hello,fastify,deep,heap,promises,workers' },
    contenders: { type: 'string', default: '' },
    rates: { type: 'string', default: '100 Hz,1 kHz' },
    rounds: { type: 'string', default: '6' },
    window: { type: 'string', default: '1' },
  },
})
const rounds = Number(values.rounds)
const windowMs = Number(values.window) * 1000
const words = values.contenders.toLowerCase().split(',')
const rates = values.rates.split(',')
/** Two processes of one program differ by some percent, so they are started anew after so many blocks. */
const blocksOfAProcess = 3

printMachine()
const hasPerf = isPerfHere()
if (!hasPerf) console.log('perf: not here, or it may not record')
const folder = mkdtempSync(join(tmpdir(), 'pprofd-bench-'))
process.on('exit', () => rmSync(folder, { recursive: true }))
for (const kind of values.targets.split(',')) {
  const blocks = {
    ...(await ofSwitched(kind)),
    ...(await ofChained(kind)),
    ...(await ofStarted(kind)),
  }
  for (const rate of rates) {
    const ofRate = Object.entries(blocks).filter(([name]) => isAt(name, rate))
    const rows = Object.fromEntries(ofRate.map(([name, all]) => [name, rowOf(all)]))
    const title = `${kind} at ${rate}: blocks of four windows of ${windowMs / 1000} s`
    const form = 'median [95 % interval], longest turns as median (min to max)'
    showTable(`${kind}, ${rate}`, `${title}, ${form}`, rows)
  }
}

function isAt(name, rate) {
  return name.startsWith('nothing') || name.endsWith(rate)
}

function isWanted(name) {
  const isAtRate = rates.some((rate) => isAt(name, rate))
  return isAtRate && words.some((word) => name.toLowerCase().includes(word))
}

function wanted(contenders) {
  return Object.entries(contenders).filter(([name]) => isWanted(name))
}

async function ofSwitched(kind) {
  const names = wanted(switched({}, '')).map(([name]) => name)
  const blocks = Object.fromEntries(names.map((name) => [name, []]))
  if (names.length === 0) return blocks
  const daemon = await startDaemon()
  const target = await startBusy(kind)
  const contenders = switched(target, daemon.url)
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      blocks[name].push(await switchedBlock(target, contenders[name], windowMs))
    }
  }
  await target.stop()
  await daemon.stop()
  return blocks
}

async function ofChained(kind) {
  const blocks = {}
  for (const [name, start] of wanted(chained)) {
    const recorded = await start(kind)
    const roles = [[], []]
    while (roles[1].length < rounds) {
      for (const role of [0, 1]) {
        await recorded.record(role)
        const twins = { plain: recorded.twins[1 - role], recorded: recorded.twins[role] }
        const count = Math.min(blocksOfAProcess, rounds - roles[role].length)
        for (let block = 0; block < count; block++)
          roles[role].push(await twinBlock(twins, windowMs))
      }
    }
    await recorded.stop()
    blocks[name] = roles[0].map((block, index) => bothRoles(block, roles[1][index]))
  }
  return blocks
}

async function ofStarted(kind) {
  const blocks = {}
  for (const [name, { execArgv, attach }] of wanted(fromItsStart)) {
    if (attach && !hasPerf) continue
    blocks[name] = []
    while (blocks[name].length < rounds) {
      const recorded = await startBusy(kind, { execArgv, cwd: folder })
      await recorded.rest()
      const plain = await startBusy(kind)
      await plain.rest()
      const detach = await attach?.(recorded.pid, folder)
      const count = Math.min(blocksOfAProcess, rounds - blocks[name].length)
      for (let block = 0; block < count; block++) {
        blocks[name].push(await twinBlock({ plain, recorded }, windowMs))
      }
      await detach?.()
      await Promise.all([recorded.stop(), plain.stop()])
      for (const file of readdirSync(folder)) rmSync(join(folder, file))
      rmSync(`/tmp/perf-${recorded.pid}.map`, { force: true })
    }
  }
  return blocks
}

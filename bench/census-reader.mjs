// One census, in a process of its own so that its peak of memory can be told: prints a line of JSON.
import { readFileSync } from 'node:fs'
import { takeCensus } from './build/census/take-census.js'

const memoryMb = (field) => {
  const status = readFileSync('/proc/self/status', 'utf8')
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)[1]) / 1024
}
const idleMb = memoryMb('VmRSS')
const { groups, isolates, ...rest } = await takeCensus({
  pid: Number(process.argv[2]),
  maxBytes: 2 ** 34,
})
const stacks = groups.filter(({ stack }) => stack[0].url.endsWith('/census-target.cjs'))
const counts = stacks.map(({ count }) => count)
console.log(JSON.stringify({ ...rest, counts, idleMb, peakMb: memoryMb('VmHWM') }))

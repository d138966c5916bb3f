// What it costs a busy process to be recorded all the time, by a connection from within (record.door: closed)
// and through an inspector that stays open, and to be asked for its profile all the while as well, beside a twin
// that is not recorded; and a request that is answered out of the chain beside one of its own.
// `recorder.mjs [--targets 1000,50000] [--doors closed,open,asked] [--pairs 20] [--window 1]`: a target is a number of
// functions or a name of busy-work.mjs. A pair is two blocks of four windows (pairs.mjs), between which the twins
// change roles: 21 s with windows of 1 s.
import { parseArgs } from 'node:util'
import { bothRoles, rowOf, twinBlock } from './pairs.mjs'
import { printMachine, spread } from './processes.mjs'
import { startRecordedTwins } from './recorded-twins.mjs'
import { showTable } from './results.mjs'

const { values } = parseArgs({
  options: {
    targets: { type: 'string', default: '1000,50000' },
    doors: { type: 'string', default: 'closed,open,asked' },
    pairs: { type: 'string', default: '20' },
    window: { type: 'string', default: '1' },
  },
})
const pairs = Number(values.pairs)
const windowMs = Number(values.window) * 1000
/** A change of roles takes up to 7 s. */
const blocksOfARole = 5
const ways = {
  closed: { name: 'door closed', door: 'closed' },
  open: { name: 'door open', door: 'open' },
  asked: { name: 'door closed, asked again and again', door: 'closed', isAsked: true },
}

printMachine()
for (const kind of values.targets.split(',')) {
  const rows = {}
  for (const way of values.doors.split(',')) rows[ways[way].name] = await measure(kind, ways[way])
  const title = `${kind}: recorded at 100 Hz, beside a twin that is not; ${pairs} pairs, windows of ${windowMs / 1000} s`
  showTable(kind, `${title}, median [95 % interval], longest turns as median (min to max)`, rows)
}

async function measure(kind, { door, isAsked = false }) {
  const recorded = await startRecordedTwins(kind, { door, hz: 100 })
  const [cold, warm] = [[], []]
  const blocks = [[], []]
  try {
    while (blocks[1].length < pairs) {
      for (const role of [0, 1]) {
        await recorded.record(role)
        const plain = recorded.twins[1 - role]
        const twins = { plain, recorded: recorded.twins[role] }
        const during = isAsked ? () => recorded.profile(role) : undefined
        const count = Math.min(blocksOfARole, pairs - blocks[role].length)
        for (let block = 0; block < count; block++) {
          blocks[role].push(await twinBlock(twins, windowMs, during))
        }
        warm.push(await longestTurn(recorded, role))
        cold.push(await longestTurn(recorded, 1 - role))
      }
    }
    const all = blocks[0].map((block, index) => bothRoles(block, blocks[1][index]))
    return {
      ...rowOf(all),
      'longest at a request, out of the chain, ms': spread(warm),
      'of its own, ms': spread(cold),
      'daemon grew by, MB': Math.round(recorded.grownMb()),
    }
  } finally {
    await recorded.stop()
  }
}

/** Of the turns while its profile is asked for. */
async function longestTurn({ twins, profile }, index) {
  await twins[index].work()
  await twins[index].take()
  await profile(index)
  const { max } = await twins[index].take()
  await twins[index].rest()
  return max
}

// What it costs a busy process to be recorded all the time, by a connection from within (record.door: closed)
// and through an inspector that stays open, and to be asked for its profile all the while as well, beside a twin
// that is not recorded; and a request that is answered out of the chain beside one of its own.
// `recorder.mjs [pairs] [kinds] [window, s]`: a kind is a number of functions or a name of busy-work.mjs. A pair is
// two blocks of four windows (pairs.mjs), between which the twins change roles: 11 s with windows of 1 s.
import { bothRoles, rowOf, twinBlock } from './pairs.mjs'
import { printMachine, spread } from './processes.mjs'
import { startRecordedTwins } from './recorded-twins.mjs'
import { showTable } from './results.mjs'

const pairs = Number(process.argv[2] ?? 20)
const kinds = (process.argv[3] ?? '1000,50000').split(',')
const windowMs = Number(process.argv[4] ?? 1) * 1000
/** A change of roles takes up to 7 s. */
const blocksOfARole = 5
const ways = {
  'door closed': { door: 'closed' },
  'door open': { door: 'open' },
  'door closed, asked again and again': { door: 'closed', isAsked: true },
}

printMachine()
for (const kind of kinds) {
  const rows = {}
  for (const [name, way] of Object.entries(ways)) rows[name] = await measure(kind, way)
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

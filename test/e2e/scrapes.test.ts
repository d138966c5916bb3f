// Consecutive scrapes of one target across a restart of the daemon, as an engine takes them.
// PPROFD_TEST_SCRAPES=100 npx tap --disable-coverage test/e2e/scrapes.test.ts takes five minutes.
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { checkValid } from '../../src/pprof/check-valid.ts'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import type { Location, Profile } from '../../src/pprof/profile.ts'
import { startDaemon } from '../fixtures/support/daemon.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { AlloyDelta } from './alloy-delta.ts'

t.setTimeout(1_200_000)

const scrapes = Number(process.env.PPROFD_TEST_SCRAPES ?? 4)
const shop = fileURLToPath(new URL('../fleet/shop.cjs', import.meta.url))

/** In its command line, for the daemon to be told of no other. */
const mark = `scraped-by-${process.pid}`

/** With the function of shop.cjs that each shows, though not in every second of a loaded machine. */
const kinds = [
  ['heap', 'keepOrders'],
  ['goroutine', 'waitForOrder'],
  ['block?seconds=1', 'lockWarehouse'],
  ['mutex?seconds=1', 'burnCpu'],
  ['profile?seconds=1', 'burnCpu'],
] as const

interface Group {
  readonly targets: readonly string[]
  readonly labels: Readonly<Record<string, string>>
}

t.test(`${scrapes} consecutive scrapes hold what the engines rely on`, async (t) => {
  const spawned = await spawnTarget(t, shop, {
    nodeArguments: ['--inspect-port=0'],
    programArguments: [mark],
  })
  const env = {
    PPROFD_DISCOVER_MATCH: ` ${mark}$`,
    PPROFD_HEAP_SECONDS: '1',
    PPROFD_HEAP_SAMPLING_INTERVAL: '65536',
  }
  let daemon = await startDaemon(t, { env })
  const labels = (await discover(daemon.url)).labels
  const delta = new AlloyDelta()
  const places = new Map<string, Map<number, string>>()
  const addresses = new Map<string, Map<string, number>>()
  const problems: string[] = []
  const seen = new Map<string, number>()

  for (let round = 0; round < scrapes; round++) {
    if (round === Math.floor(scrapes / 2)) {
      await daemon.stop()
      daemon = await startDaemon(t, { env })
      t.strictSame((await discover(daemon.url)).labels, labels, 'a restart changes no label')
    }
    const found = await discover(daemon.url)
    const bodies = await Promise.all(kinds.map(([path]) => scrape(found, path)))
    for (const [index, bytes] of bodies.entries()) {
      const [path, name] = kinds[index] ?? ['', '']
      const say = (problem: string) => problems.push(`scrape ${round} of ${path}: ${problem}`)
      for (const problem of checkValid(bytes, { nowMs: Date.now() })) say(problem)
      const profile = decodeProfile(bytes)
      if (shows(profile, name)) seen.set(path, (seen.get(path) ?? 0) + 1)
      for (const problem of moved(profile, path)) say(problem)
      if (path !== 'heap') continue
      if (profile.durationNanos !== 0) say('a duration, so Parca takes it for a delta')
      const sent = delta.next(profile)
      if (round > 0 && sent.length === 0) say('Alloy sends nothing')
      if (sent.flat().some((value) => value < 0)) say('Alloy sends less than nothing')
    }
  }
  t.strictSame(problems, [])
  for (const [path, name] of kinds) {
    t.ok(seen.get(path), `${name} is in ${seen.get(path) ?? 0} of ${scrapes} of ${path}`)
  }
  t.ok(spawned.isAlive())

  /** An address that means another place than before, or a place that has another address. */
  function moved({ locations }: Profile, kind: string): readonly string[] {
    const known = places.get(kind) ?? new Map<number, string>()
    const back = addresses.get(kind) ?? new Map<string, number>()
    places.set(kind, known)
    addresses.set(kind, back)
    return locations.flatMap((location) => {
      const place = placeOf(location)
      const before = known.get(location.address) ?? place
      const address = back.get(place) ?? location.address
      known.set(location.address, place)
      back.set(place, location.address)
      return before === place && address === location.address ? [] : [`${before} became ${place}`]
    })
  }
})

async function discover(url: string): Promise<Group> {
  const answer = await fetch(`${url}/sd`)
  const [group, ...others]: Group[] = JSON.parse(await answer.text())
  if (group === undefined || others.length > 0) throw new Error('it is not the only target')
  return group
}

async function scrape({ targets, labels }: Group, path: string): Promise<Uint8Array> {
  const url = new URL(`http://${targets[0]}/debug/pprof/${path}`)
  url.searchParams.set('target', labels.__param_target ?? '')
  const answer = await fetch(url)
  const bytes = new Uint8Array(await answer.arrayBuffer())
  if (answer.status !== 200) throw new Error(`${path}: ${Buffer.from(bytes)}`)
  if (answer.headers.get('content-type') !== 'application/octet-stream') throw new Error(path)
  return bytes
}

function shows({ samples }: Profile, name: string): boolean {
  return samples.some(({ stack }) => stack.some((location) => placeOf(location).includes(name)))
}

function placeOf(location: Location | undefined): string {
  return JSON.stringify(
    location?.lines.map(({ function: called, line, column }) => [
      called?.name,
      called?.file,
      called?.startLine,
      line,
      column,
    ]),
  )
}

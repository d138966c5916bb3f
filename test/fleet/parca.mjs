// A real Parca scrapes three targets through /sd, with the configuration that docs/fleet ships:
//   go install github.com/parca-dev/parca/cmd/parca@v0.28.0 && npm run build
//   node test/fleet/parca.mjs $(go env GOPATH)/bin/parca [seconds, default 300]
// It ends with 0 if every target was green at every look from the first complete round on, and Parca's query
// API names the function that each profile is known to show.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, print, startDaemon, startServices, startTool } from './start-fleet.mjs'

const [parca, seconds = '300'] = process.argv.slice(2)
if (parca === undefined) throw new Error('say where the program parca is')

/** What Parca calls each profile (delta: what has a duration), and the function of shop.cjs that must be in it. */
const expected = [
  ['process_cpu:cpu:nanoseconds:cpu:nanoseconds:delta', 'burnCpu'],
  ['memory:inuse_space:bytes:space:bytes', 'keepOrders'],
  ['goroutine:goroutine:count:goroutine:count', 'waitForOrder'],
  ['block:delay:nanoseconds:contentions:count:delta', 'lockWarehouse'],
  ['mutex:delay:nanoseconds:contentions:count:delta', 'burnCpu'],
]

const folder = mkdtempSync(join(tmpdir(), 'pprofd-fleet-'))
const started = []
try {
  const names = ['shop-eu', 'shop-us', 'billing']
  started.push(...(await startServices(names)))
  const port = await freePort()
  started.push(await startDaemon(folder, port))
  const shipped = readFileSync(new URL('../../docs/fleet/parca.yaml', import.meta.url), 'utf8')
  const config = join(folder, 'parca.yaml')
  writeFileSync(config, shipped.replace('127.0.0.1:8081', `127.0.0.1:${port}`))
  const apiPort = await freePort()
  const api = `http://127.0.0.1:${apiPort}/api`
  const args = [`--config-path=${config}`, `--http-address=127.0.0.1:${apiPort}`]
  started.push(startTool(parca, [...args, '--storage-active-memory=134217728'], folder))
  await scrape(api, names.length * expected.length)
  process.exitCode = (await query(api, names)) ? 0 : 1
} finally {
  for (const { stop } of started.reverse()) await stop()
  rmSync(folder, { recursive: true })
}

/** Looks at the targets every 5 s. @throws at the first that is red. */
async function scrape(api, count) {
  const deadline = Date.now() + Number(seconds) * 1000
  let looks = 0
  let firstGreenAt
  while (Date.now() < deadline) {
    await sleep(5000)
    const targets = await targetsOf(api)
    const by = (health) => targets.filter((target) => target.health === health)
    for (const target of targets) {
      if (target.lastError) throw new Error(`${target.url}: ${target.lastError}`)
    }
    const green = by('HEALTH_GOOD').length
    if (green === count) firstGreenAt ??= new Date().toISOString()
    if (firstGreenAt !== undefined) {
      if (green !== count) throw new Error(`${green} of ${count} targets are green`)
      looks++
    }
    print(`${green} of ${targets.length} green`)
  }
  if (firstGreenAt === undefined) throw new Error('they never were all green')
  print(`all ${count} green at each of ${looks} looks since ${firstGreenAt}`)
}

async function targetsOf(api) {
  const answer = await fetch(`${api}/targets`).catch(() => undefined)
  if (!answer?.ok) return []
  const { targets = {} } = await answer.json()
  return Object.values(targets).flatMap(({ targets: all = [] }) => all)
}

async function query(api, names) {
  let isRight = true
  for (const [type, name] of expected) {
    for (const service of names) {
      const found = await hasFunction(api, `${type}{service_name="${service}"}`, name)
      isRight &&= found !== undefined
      print(`${type} of ${service}: ${found ?? `no ${name}`}`)
    }
  }
  return isRight
}

/** The function's place among all by its own value, and that value. */
async function hasFunction(api, query, name) {
  const url = new URL(`${api}/profiles/query`)
  const now = Date.now()
  const range = { start: new Date(now - 3_600_000), end: new Date(now) }
  const parameters = {
    mode: 'MODE_MERGE',
    'merge.query': query,
    'merge.start': range.start.toISOString(),
    'merge.end': range.end.toISOString(),
    reportType: 'REPORT_TYPE_TOP',
  }
  for (const [key, value] of Object.entries(parameters)) url.searchParams.set(key, value)
  const answer = await fetch(url)
  const text = await answer.text()
  if (!answer.ok) return print(`${answer.status} ${text}`)
  const list = JSON.parse(text).top?.list ?? []
  const nameOf = ({ meta }) => meta?.function?.name ?? ''
  const worth = ({ flat, cumulative }) => Number(flat ?? 0) || Number(cumulative ?? 0)
  const sorted = [...list].sort((a, b) => worth(b) - worth(a))
  const at = sorted.findIndex((node) => nameOf(node).includes(name))
  if (at === -1) return undefined
  return `${nameOf(sorted[at])} is ${at + 1}. of ${sorted.length} (${worth(sorted[at])})`
}

// The configurations of docs/fleet ask for what there is, at the address where it is by default.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { loadConfig } from '../../src/config/load-config.ts'
import { otherOperations } from '../../src/server/openapi/other-operations.ts'
import { profileOperations } from '../../src/server/openapi/profile-operations.ts'
import { defaultConfig } from '../config/default-config.ts'
import { checkout } from '../fixtures/support/checkout.ts'
import { startApp } from '../server/start-app.ts'
import { parseMetrics } from '../server/strict-metrics.ts'

const folder = join(checkout, 'docs/fleet')
const text = (name: string) => readFileSync(join(folder, name), 'utf8')
const { limits, profile, goroutine, sourceMaps } = defaultConfig
const settings = { limits, profile, goroutine, sources: { sourceMaps } }
const served = [...profileOperations(settings), ...otherOperations].map(({ path }) => path)

t.test('every path that they scrape is served, and every address is the default', async (t) => {
  const names = readdirSync(folder)
  t.ok(names.length >= 6, `${names.length} files`)
  for (const name of names) {
    const withoutComments = text(name).replace(/^\s*(#|\/\/).*$/gm, '')
    for (const [path] of withoutComments.matchAll(/\/debug\/[a-z/]+/g)) {
      t.ok(served.includes(path), `${name}: ${path}`)
    }
    for (const [, port = ''] of withoutComments.matchAll(/127\.0\.0\.1:(\d+)/g)) {
      t.ok(['8081', '4040'].includes(port), `${name}: ${port}`)
    }
  }
})

t.test('pprofd.yaml is a configuration that opts targets in', async (t) => {
  const config = await loadConfig({ file: join(folder, 'pprofd.yaml'), env: {} })
  t.match(config, { targets: [{ name: 'shop-api' }], discover: { match: /./ } })
})

t.test('Parca scrapes what /sd says, each recording within its interval', async (t) => {
  const [job] = parse(text('parca.yaml')).scrape_configs
  t.match(job.http_sd_configs, [{ url: 'http://127.0.0.1:8081/sd' }])
  const profiles: Readonly<Record<string, { enabled: boolean; seconds?: number }>> =
    job.profiling_config.pprof_config
  // Those that Parca scrapes where nobody says otherwise.
  const kinds = ['memory', 'block', 'goroutine', 'mutex', 'process_cpu']
  t.strictSame(Object.keys(profiles).sort(), kinds.sort())
  t.ok(Number(profiles.process_cpu?.seconds) < Number.parseInt(job.scrape_interval, 10))
})

t.test('Alloy subtracts nothing from what is recorded anew each time', async (t) => {
  const alloy = text('alloy.alloy').replace(/\/\/ .*$/gm, '')
  t.equal(alloy.split('{').length, alloy.split('}').length, 'its blocks are closed')
  for (const [, kind = '', body = ''] of alloy.matchAll(/profile\.(\w+) \{([^}]*)\}/g)) {
    t.match(body, /enabled = (true|false)/, kind)
    t.equal(/enabled = true/.test(body), !/^(block|mutex)$/.test(kind), kind)
  }
  t.match(alloy, /url += "http:\/\/127\.0\.0\.1:8081\/sd"/)
})

t.test('the collector has a pipeline of all its receivers', async (t) => {
  const { receivers, service, exporters } = parse(text('otelcol.yaml'))
  t.strictSame(service.pipelines.profiles.receivers, Object.keys(receivers))
  t.strictSame(service.pipelines.profiles.exporters, Object.keys(exporters))
  for (const { remote } of Object.values<{ remote: { endpoint: string } }>(receivers)) {
    t.ok(URL.canParse(remote.endpoint) && remote.endpoint.includes('target='))
  }
})

t.test('the rules for Prometheus are about metrics that there are', async (t) => {
  const { app } = startApp(t)
  const { body } = await app.inject('/metrics')
  parseMetrics(body)
  const asked = text('prometheus-rules.yaml').match(/(?<![\w:])pprofd_\w+/g) ?? []
  t.ok(asked.length > 5)
  for (const name of asked) {
    if (name.endsWith('_seconds')) continue
    t.match(body, new RegExp(`^# TYPE ${name} `, 'm'), name)
  }
})

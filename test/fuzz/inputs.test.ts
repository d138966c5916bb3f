// Whatever a client or an operator hands in: an answer or one clear sentence, never a crash.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { stringify } from 'yaml'
import { loadConfig } from '../../src/config/load-config.ts'
import { overridableOptions } from '../../src/config/options.ts'
import { configSchema } from '../../src/config/schema.ts'
import { InputError } from '../../src/errors.ts'
import { judgeRequest } from '../../src/server/guard.ts'
import { temporaryFolder } from '../proc/temporary-folder.ts'
import { startApp } from '../server/start-app.ts'
import { jsonText, runs, seed, text, value } from './hostile-values.ts'

t.setTimeout(3_600_000)
t.comment(`PPROFD_FUZZ_SEED=${seed}`)

const ownHosts = ['localhost', 'localhost:8081', '127.0.0.1', '[::1]:1', 'LOCALHOST:65535']
const pages = ['/', '/debug/pprof/', '/debug/pprof', '/targets/a/debug/pprof/']

t.test('a request that passes the guard is one that may', (t) => {
  const header = fc.oneof(
    fc.tuple(fc.constant('Host'), fc.oneof(fc.constantFrom(...ownHosts), text())),
    fc.tuple(
      fc.constant('Origin'),
      fc.oneof(fc.constantFrom(...ownHosts.map((host) => `http://${host}`), 'null'), text()),
    ),
    fc.tuple(
      fc.constant('Sec-Fetch-Site'),
      fc.oneof(fc.constantFrom('none', 'same-origin', 'same-site', 'cross-site'), text()),
    ),
    fc.tuple(fc.constant('Sec-Fetch-Mode'), fc.constantFrom('navigate', 'cors', 'no-cors')),
    fc.tuple(fc.constant('Sec-Fetch-Dest'), fc.constantFrom('document', 'iframe', 'image')),
    fc.tuple(fc.constantFrom('Sec-Purpose', 'Purpose'), fc.constantFrom('prefetch', '')),
    fc.tuple(text(), text()),
  )
  const path = fc.constantFrom(...pages, '/debug/pprof/profile', '/debug/pprof/symbol', '*', '//a')
  const request = fc.record({
    method: fc.oneof(
      { weight: 4, arbitrary: fc.constant('GET') },
      fc.constantFrom('POST', 'HEAD'),
      text(),
    ),
    url: fc.oneof({ weight: 4, arbitrary: path }, text()),
    pairs: fc
      .tuple(fc.constantFrom(...ownHosts), fc.array(header, { maxLength: 4 }))
      .map(([host, others]) => [['Host', host] as const, ...others]),
    httpVersion: fc.constantFrom('1.1', '1.1', '1.1', '1.0', '2.0'),
  })
  let passed = 0
  fc.assert(
    fc.property(request, ({ method, url, pairs, httpVersion }) => {
      const headers = Object.fromEntries(
        pairs.toReversed().map(([name, content]) => [name.toLowerCase(), content]),
      )
      const refusal = judgeRequest({ method, url, httpVersion, headers, rawHeaders: pairs.flat() })
      if (refusal !== undefined)
        return /^\P{Cc}+$/u.test(refusal.reason.replace(method, '').replace(httpVersion, ''))
      passed++
      const {
        host,
        origin,
        'sec-fetch-site': site = 'none',
        purpose,
        'sec-purpose': secPurpose,
      } = headers
      const isPage = method === 'GET' && pages.includes(url)
      const isLink =
        headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
      return (
        pairs.filter(([name]) => name.toLowerCase() === 'host').length === 1 &&
        ownHosts.includes(String(host)) &&
        (origin === undefined || origin.toLowerCase() === `http://${host}`.toLowerCase()) &&
        (site === 'none' || site === 'same-origin' || (isPage && isLink)) &&
        (isPage || (purpose !== 'prefetch' && secPurpose !== 'prefetch')) &&
        url.startsWith('/') &&
        httpVersion !== '2.0' &&
        (method === 'GET' || (method === 'POST' && url === '/debug/pprof/symbol'))
      )
    }),
    runs(600),
  )
  t.ok(passed > 30, `${passed} passed`)
  t.end()
})

const routes = [
  '/',
  '/healthz',
  '/metrics',
  '/targets',
  '/targets/',
  '/targets/T',
  '/targets/T/memory',
  '/targets/T/preflight',
  '/debug/fgtrace',
  '/debug/heapsnapshot',
  '/debug/panicparse',
  '/debug/pprof',
  '/debug/pprof/',
  '/debug/pprof/allocs',
  '/debug/pprof/block',
  '/debug/pprof/cmdline',
  '/debug/pprof/goroutine',
  '/debug/pprof/heap',
  '/debug/pprof/mutex',
  '/debug/pprof/profile',
  '/debug/pprof/retained',
  '/debug/pprof/symbol',
  '/debug/pprof/threadcreate',
  '/debug/pprof/trace',
  '/debug/pprof/wall',
]
const parameterNames = [
  'seconds',
  'hz',
  'format',
  'target',
  'debug',
  'gc',
  'force',
  'tree',
  'thread',
  'sampling',
  'similarity',
  'augment',
  'maxmem',
  'stateframes',
  'self',
  'threshold',
  'categories',
  'worker',
  'sourcemaps',
  'maxEntries',
  'budget',
  'deep',
  '__proto__',
  'constructor',
  'hasOwnProperty',
]

t.test('query strings and names of every route', async (t) => {
  // A target where nobody listens: what gets as far as that is answered with 502.
  const dead = { name: 'dead', port: 1, enabled: true, signal: false }
  const { app, log } = startApp(t, {
    targets: { configured: [dead], defaultTarget: 'dead', discover: false, commandTimeoutMs: 500 },
  })
  const word = fc.oneof(text(), value().map(jsonText)).filter((it) => it !== 'self')
  const encoded = word.map((it) => encodeURIComponent(it.replace(/\p{Cs}/gu, '')))
  const raw = fc.string({ unit: fc.constantFrom(...'%&=+?/#;:[]{}.,-_aF0123459'), maxLength: 12 })
  const piece = fc.oneof({ weight: 3, arbitrary: encoded }, raw)
  const parameter = fc
    .tuple(fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...parameterNames) }, piece), piece)
    .map((pair) => pair.join('='))
  const url = fc
    .tuple(fc.constantFrom(...routes), fc.boolean(), piece, fc.array(parameter, { maxLength: 4 }))
    .map(([route, isBelow, name, parameters]) => {
      const path = isBelow && route.startsWith('/debug/') ? `/targets/T${route}` : route
      return `${path.replace('/T', `/${name}`)}?${parameters.join('&')}`
    })
  const statuses = new Map<number, number>()
  await fc.assert(
    fc.asyncProperty(url, async (url) => {
      const { statusCode, body, headers } = await app.inject({
        url,
        headers: { host: 'localhost' },
      })
      statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1)
      if (statusCode >= 500 && statusCode !== 502) throw new Error(`${statusCode} ${body}`)
      if (statusCode < 400) return
      if (!/^\P{Cc}+\n$/u.test(body)) throw new Error(`not one line: ${JSON.stringify(body)}`)
      if (headers['x-go-pprof'] !== '1') throw new Error('not in the form of Go')
    }),
    runs(600),
  )
  t.comment(JSON.stringify([...statuses]))
  t.strictSame(
    log.filter(({ level }) => Number(level) >= 50),
    [],
    'nothing failed',
  )
  t.ok(statuses.has(200) && statuses.has(400) && statuses.has(404) && statuses.has(502))
})

t.test('configurations', async (t) => {
  const folder = temporaryFolder(t)
  const file = join(folder, 'pprofd.yaml')
  const options = overridableOptions()
  const load = async (given: {
    readonly text?: string
    readonly env?: Record<string, string>
    readonly flags?: object
  }) => {
    writeFileSync(file, given.text ?? '')
    try {
      await loadConfig({ file, env: given.env ?? {}, flags: { ...given.flags } })
      return undefined
    } catch (error) {
      if (!(error instanceof InputError) || error.code !== 'config-invalid') throw error
      if (!/^\P{Cc}{1,3000}$/u.test(error.message))
        throw new Error(`not one line: ${JSON.stringify(error.message)}`)
      return error.message
    }
  }
  let refused = 0
  const nested = (keyPath: readonly string[], leaf: unknown): unknown =>
    keyPath.reduceRight((inner, key) => ({ [key]: inner }), leaf)
  const plain = fc.oneof(
    text(),
    fc.jsonValue({ maxDepth: 2 }),
    fc.integer(),
    fc.double(),
    fc.constantFrom(null, true, [], {}, Number.NaN, 2 ** 64),
  )

  await t.test('one option that is anything', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...options), plain, async ({ keyPath, key }, leaf) => {
        const message = await load({ text: stringify(nested(keyPath, leaf)) })
        if (message === undefined) return
        refused++
        // `seconds` is judged by what limits.maxSeconds allows, so that may be what is named.
        if (!message.includes(key)) throw new Error(`${key} is not named: ${message}`)
      }),
      runs(120),
    )
  })
  await t.test('one variable or flag that is anything', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...options),
        fc.boolean(),
        plain,
        async (option, isFlag, leaf) => {
          const given = isFlag
            ? { flags: Object(nested(option.keyPath, leaf)) }
            : { env: { [option.environment]: String(leaf) } }
          const message = await load(given)
          if (message === undefined) return
          refused++
          const names = [option.key, option.flag, option.environment]
          if (!names.some((name) => message.includes(name)))
            throw new Error(`${option.key} is not named: ${message}`)
        },
      ),
      runs(120),
    )
  })
  await t.test('files that are anything', async () => {
    const key = fc.oneof(fc.constantFrom(...Object.keys(configSchema.properties)), text())
    const yaml = fc.oneof(
      fc.dictionary(key, plain, { maxKeys: 4 }).map((values) => stringify(values)),
      fc
        .array(
          fc.dictionary(
            fc.oneof(
              fc.constantFrom(
                'name',
                'pid',
                'port',
                'match',
                'unit',
                'pidFile',
                'profiles',
                'heap',
              ),
              text(),
            ),
            plain,
          ),
          { maxLength: 3 },
        )
        .map((targets) => stringify({ targets })),
      fc
        .array(
          fc.oneof(
            text(),
            fc.constantFrom(
              'targets:',
              '- ',
              '  ',
              '&a',
              '*a',
              '<<: *a',
              '!!js/function',
              '!!binary',
              '? ',
              '---',
              '...',
              '%YAML 1.1',
              '{',
              '[',
              '"',
              "'",
              '|',
              '>',
              '#',
              ': ',
            ),
          ),
          { maxLength: 8 },
        )
        .map((pieces) => pieces.join(' ')),
      fc
        .array(
          fc.constantFrom(
            'a: &a [x,x,x,x]\n',
            'b: &b [*a,*a,*a,*a]\n',
            'c: &c [*b,*b,*b,*b]\n',
            'listen: *c\n',
          ),
        )
        .map((lines) => lines.join('')),
    )
    await fc.assert(
      fc.asyncProperty(yaml, async (text) => {
        if ((await load({ text })) !== undefined) refused++
      }),
      runs(120),
    )
  })
  t.ok(refused > 50, `${refused} were refused`)
})

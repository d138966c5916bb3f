// What /openapi.json says, compared with what the server does.
import { Validator } from '@seriousme/openapi-schema-validator'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import type { ServerContext } from '../../src/server/context.ts'
import { registerRoutes } from '../../src/server/routes.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { startApp } from './start-app.ts'

t.setTimeout(180_000)

interface Schema {
  readonly type: string
  readonly default?: unknown
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly maximum?: number
  readonly enum?: readonly (string | number)[]
  readonly items?: Schema
}

interface Operation {
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly schema: Schema
  }[]
  readonly responses: Readonly<
    Record<string, { readonly content?: object; readonly headers?: object }>
  >
}

interface OpenapiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

/** Of the daemon in the tests: whatever records does so for a second. */
const settings = {
  limits: { maxSeconds: 1, capturesPerTarget: 64 },
  profile: { seconds: 1, hz: 123 },
  heap: { continuous: false, seconds: 0.2, samplingInterval: 32_768 },
  targets: { profiles: undefined },
}

t.test('it is valid', async (t) => {
  const { valid, errors } = await new Validator().validate({ ...(await documentOf(t)) })
  t.ok(valid, JSON.stringify(errors))
})

t.test('its operations are the routes that there are', async (t) => {
  const routes: string[] = []
  const add = (method: string) => (path: string) => {
    routes.push(`${method} ${path.replace(/:(\w+)/g, '{$1}')}`)
  }
  const recorder = { get: add('get'), post: add('post'), delete: add('delete') }
  registerRoutes(recorder as unknown as FastifyInstance, {} as ServerContext)
  const document = await documentOf(t)
  const described = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method} ${path}`),
  )
  // What is below /debug/pprof/ and no profile is a 404 with Go's words.
  // What is below /ui/ is the landing page's own, and changes with it.
  const real = routes.filter((route) => !route.endsWith('*') && !route.includes(' /ui/'))
  t.strictSame(described.toSorted(), real.toSorted())
})

t.test(
  'the server takes of each parameter what it says, and refuses the rest by name',
  async (t) => {
    const { app } = startApp(t)
    const { paths } = (await app.inject('/openapi.json')).json<OpenapiDocument>()
    let count = 0
    for (const [path, { get }] of Object.entries(paths)) {
      for (const { name, schema } of get?.parameters?.filter((one) => one.in === 'query') ?? []) {
        const ask = (value: unknown) => {
          const query = `target=999999999&${name}=${encodeURIComponent(String(value))}`
          return app.inject(`${path.replace('{target}', '999999999')}?${query}`)
        }
        for (const value of accepted(schema)) {
          const { statusCode, body } = await ask(value)
          t.equal(statusCode, 404, `${path}?${name}=${value}: ${body}`)
          count++
        }
        for (const value of refused(schema)) {
          const { statusCode, body } = await ask(value)
          t.equal(statusCode, 400, `${path}?${name}=${value}: ${body}`)
          t.match(body, name)
          count++
        }
      }
    }
    t.ok(count > 400, `${count} values`)
  },
)

t.test('what every profile answers by default is what it says', async (t) => {
  const { app, pid, document } = await startAll(t)
  const profiles = Object.keys(document.paths).filter((path) => {
    return path.startsWith('/targets/') && capturesIn(document, path)
  })
  t.ok(profiles.length > 12, `${profiles.length} of them`)
  await Promise.all(
    profiles.map(async (path) => {
      const operation = document.paths[path]?.get
      const answer = await app.inject(path.replace('{target}', String(pid)))
      t.equal(answer.statusCode, 200, `${path}: ${answer.body.slice(0, 200)}`)
      t.strictSame(ownHeaders(answer), describedHeaders(operation), path)
      const id = String(answer.headers['x-pprofd-capture'])
      const { parameters } = (await app.inject(`/captures/${id}`)).json()
      for (const { name, schema } of operation?.parameters ?? []) {
        const taken = valueIn(parameters, name)
        if (schema.default === undefined || taken === undefined) continue
        t.strictSame(comparable(taken), comparable(schema.default), `${path}?${name}`)
      }
    }),
  )
})

t.test(
  'whatever comes has one of the content types that are said, and all of them come',
  async (t) => {
    const { app, pid, document } = await startAll(t)
    const { headers } = await app.inject(`/targets/${pid}/debug/pprof/threadcreate`)
    const id = String(headers['x-pprofd-capture'])
    const seen = new Map<string, Set<string>>()
    await Promise.all(
      Object.entries(document.paths)
        .filter(([path]) => !path.startsWith('/debug'))
        .flatMap(([path, { get }]) => variantsOf(get).map((query) => ({ path, query, get })))
        .map(async ({ path, query, get }) => {
          const url = path.replace('{target}', String(pid)).replace('{id}', id)
          const accept = query.startsWith('accept=') ? query.slice('accept='.length) : '*/*'
          const answer = await app.inject({ url: `${url}?${query}`, headers: { accept } })
          const described = get?.responses[answer.statusCode]
          t.ok(described, `${url}?${query}: ${answer.statusCode} ${answer.body.slice(0, 200)}`)
          const type = String(answer.headers['content-type'])
          const content = Object.keys(described?.content ?? {})
          t.ok(answer.statusCode === 301 || content.includes(type), `${url}?${query}: ${type}`)
          seen.set(path, (seen.get(path) ?? new Set<string>()).add(type))
        }),
    )
    for (const [path, types] of seen) {
      const content = document.paths[path]?.get?.responses[200]?.content
      if (content) t.strictSame([...types].sort(), Object.keys(content).sort(), path)
    }
    const end = await app.inject({ method: 'DELETE', url: `/captures/${id}` })
    t.ok(document.paths['/captures/{id}']?.delete?.responses[end.statusCode], `${end.statusCode}`)
    const body = { method: 'POST', url: '/debug/pprof/symbol', payload: '0x1' } as const
    for (const type of ['application/octet-stream', 'application/x-www-form-urlencoded']) {
      const named = await app.inject({ ...body, headers: { 'content-type': type } })
      t.equal(named.statusCode, 200, type)
    }
  },
)

async function documentOf(t: Test): Promise<OpenapiDocument> {
  const answer = await startApp(t, settings).app.inject('/openapi.json')
  t.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
  return answer.json()
}

async function startAll(t: Test) {
  const { app } = startApp(t, settings)
  const { pid } = await spawnTarget(t, 'idle.cjs', { nodeArguments: ['--inspect-port=0'] })
  const document = (await app.inject('/openapi.json')).json<OpenapiDocument>()
  return { app, pid, document }
}

function accepted({ type, minimum, maximum, exclusiveMinimum, ...schema }: Schema) {
  if (schema.enum) return schema.enum
  if (schema.items?.enum) return [...schema.items.enum, schema.items.enum.slice(0, 2).join(',')]
  const ends = [
    minimum,
    maximum,
    exclusiveMinimum === undefined ? undefined : exclusiveMinimum + 0.1,
  ]
  const inside = ends.filter((end) => end !== undefined)
  return [...inside, ...(type === 'string' ? ['999999999'] : inside.length > 0 ? [] : [5])]
}

function refused({ minimum, maximum, exclusiveMinimum, ...schema }: Schema) {
  if (schema.enum) return ['nonsense']
  if (schema.items) return ['nonsense']
  const outside = [
    minimum === undefined ? undefined : minimum - 1,
    exclusiveMinimum,
    maximum === undefined ? undefined : maximum + 1,
  ]
  return outside.filter((end) => end !== undefined)
}

function capturesIn(document: OpenapiDocument, path: string): boolean {
  return 'X-Pprofd-Capture' in (document.paths[path]?.get?.responses[200]?.headers ?? {})
}

type Answer = Awaited<ReturnType<FastifyInstance['inject']>>

function ownHeaders({ headers, trailers }: Answer): readonly string[] {
  return Object.keys({ ...headers, ...trailers })
    .filter((name) => name.startsWith('x-pprofd-') || name === 'content-disposition')
    .sort()
}

function describedHeaders(operation: Operation | undefined): readonly string[] {
  return Object.keys(operation?.responses[200]?.headers ?? {})
    .map((name) => name.toLowerCase())
    .sort()
}

/** As the account of a capture calls it; undefined where it does not tell. */
function valueIn(parameters: Readonly<Record<string, unknown>>, name: string): unknown {
  const otherNames: Readonly<Record<string, string>> = { threshold: 'thresholdMs', debug: 'isText' }
  return parameters[name] ?? parameters[otherNames[name] ?? '']
}

function comparable(value: unknown): string {
  return String(typeof value === 'boolean' ? Number(value) : value)
}

/** Queries that ask for each form that there is. */
function variantsOf(operation: Operation | undefined): readonly string[] {
  if (operation === undefined) return []
  const schemaOf = (name: string) => operation.parameters?.find((one) => one.name === name)?.schema
  const formats = schemaOf('format')?.enum ?? []
  const types = Object.keys(operation.responses[200]?.content ?? {})
  return [
    '',
    ...formats.map((format) => `format=${format}`),
    ...(schemaOf('debug') ? ['debug=1', 'debug=2'] : []),
    ...(types.length > 1 && formats.length === 0 && !schemaOf('debug') ? ['accept=text/html'] : []),
  ]
}

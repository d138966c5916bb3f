// Engines that take nothing but what their contracts say, field by field.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import type { Test } from 'tap'
import { decodeProfile } from '../../../src/pprof/decode-profile.ts'
import type { Profile } from '../../../src/pprof/profile.ts'

export interface Received {
  readonly labels: Readonly<Record<string, string>>
  readonly id: string | undefined
  readonly profile: Profile
  readonly headers: IncomingMessage['headers']
}

/** Instead of judging what came. */
export type Misbehave = (request: IncomingMessage, response: ServerResponse) => boolean

export interface FakeEngine {
  readonly url: string
  readonly received: readonly Received[]
  /** What was wrong with the requests, the method and path of each. */
  readonly complaints: readonly string[]
  /** How many requests came in all. */
  requests: number
  /** True: it has answered by itself. */
  misbehave: Misbehave
  close(): Promise<void>
}

export interface FakeOptions {
  readonly token?: string
  readonly tenant?: string
  readonly port?: number
}

/** https://grafana.com/docs/pyroscope/latest/reference-server-api/ */
export function fakePyroscope(t: Test, options: FakeOptions = {}): Promise<FakeEngine> {
  return startEngine(t, options, '/push.v1.PusherService/Push', (body) => {
    const { series } = only(body, ['series'])
    const [one, ...others] = list(series, 'series')
    check(others.length === 0, 'one series was expected')
    const { labels, samples } = only(one, ['labels', 'samples'])
    const [sample, ...more] = list(samples, 'samples')
    check(more.length === 0, 'one sample was expected')
    const { ID, rawProfile } = only(sample, ['ID', 'rawProfile'])
    check(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(String(ID)), 'ID is no UUID')
    return { labels, id: String(ID), rawProfile }
  })
}

/** https://github.com/parca-dev/parca/blob/main/proto/parca/profilestore/v1alpha1/profilestore.proto */
export function fakeParca(t: Test, options: FakeOptions = {}): Promise<FakeEngine> {
  return startEngine(t, options, '/api/profiles/writeraw', (body) => {
    const { series } = only(body, ['series'])
    const [one] = list(series, 'series')
    const { labels, samples } = only(one, ['labels', 'samples'])
    const [sample] = list(samples, 'samples')
    const { rawProfile } = only(sample, ['rawProfile'])
    return { labels: only(labels, ['labels']).labels, id: undefined, rawProfile }
  })
}

interface Parts {
  readonly labels: unknown
  readonly id: string | undefined
  readonly rawProfile: unknown
}

async function startEngine(
  t: Test,
  { token, tenant, port = 0 }: FakeOptions,
  path: string,
  partsOf: (body: unknown) => Parts,
): Promise<FakeEngine> {
  const received: Received[] = []
  const complaints: string[] = []
  const server = createServer((request, response) => {
    engine.requests++
    if (engine.misbehave(request, response)) return
    readBody(request)
      .then((text) => {
        if (token !== undefined && request.headers.authorization !== token) {
          // As careless proxies do it.
          response.writeHead(401).end(`not known: ${request.headers.authorization}`)
          return
        }
        check(request.headers['x-scope-orgid'] === tenant, 'another tenant')
        check(request.method === 'POST' && request.url === path, 'another path')
        check(request.headers['content-type'] === 'application/json', 'another type')
        const { labels, id, rawProfile } = partsOf(JSON.parse(text))
        const profile = readProfile(rawProfile)
        received.push({ labels: readLabels(labels), id, profile, headers: request.headers })
        response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}')
      })
      .catch((error: Error) => {
        complaints.push(`${request.method} ${request.url}: ${error.message}`)
        response
          .writeHead(400)
          .end(JSON.stringify({ code: 'invalid_argument', message: error.message }))
      })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    server.closeAllConnections()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
  t.teardown(close)
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const engine: FakeEngine = {
    url,
    received,
    complaints,
    requests: 0,
    misbehave: () => false,
    close,
  }
  return engine
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** Pyroscope's validation.go: names, lengths, number, no name twice, and the two that must be there. */
function readLabels(labels: unknown): Record<string, string> {
  const found: Record<string, string> = {}
  let last = ''
  for (const label of list(labels, 'labels')) {
    const { name, value } = only(label, ['name', 'value'])
    check(typeof name === 'string' && /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name), `name ${name}`)
    check(typeof value === 'string' && value !== '' && value.length <= 2048, `value of ${name}`)
    check(String(name) > last, `${name} is not in order, or twice`)
    last = String(name)
    found[last] = String(value)
  }
  check(Object.keys(found).length <= 30, 'too many labels')
  check(found.__name__ !== undefined, 'no __name__')
  check(found.service_name !== undefined, 'no service_name')
  check((found.__delta__ ?? 'false') === 'false', '__delta__ may be false only')
  return found
}

function readProfile(rawProfile: unknown): Profile {
  check(typeof rawProfile === 'string' && /^[A-Za-z0-9+/]+={0,2}$/.test(rawProfile), 'no base64')
  const bytes = Buffer.from(String(rawProfile), 'base64')
  check(bytes.toString('base64') === rawProfile, 'no whole base64')
  return decodeProfile(gunzipSync(bytes))
}

function only(value: unknown, keys: readonly string[]): Record<string, unknown> {
  check(typeof value === 'object' && value !== null, `no object with ${keys}`)
  const unknown = Object.keys(value as object).filter((key) => !keys.includes(key))
  check(unknown.length === 0, `unknown field ${unknown}`)
  return value as Record<string, unknown>
}

function list(value: unknown, name: string): readonly unknown[] {
  check(Array.isArray(value), `${name} is no list`)
  return value as readonly unknown[]
}

function check(holds: boolean, words: string): void {
  if (!holds) throw new Error(words)
}

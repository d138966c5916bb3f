// pprof asks `symbol` beside the profile's URL for addresses that have no function. Our profiles
// carry their functions, so a proxy that takes them away makes pprof ask.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import { startDaemon } from '../fixtures/support/daemon.ts'
import { goMissing, goPprof } from '../fixtures/support/go-pprof.ts'
import { get, profileUrl, spawnProfilable } from './profilable.ts'
import { withoutFunctions } from './without-functions.ts'

const skip = (await goMissing()) ?? false

t.setTimeout(180_000)

t.test('go tool pprof gets the names of bare addresses from symbol', { skip }, async (t) => {
  const daemon = await startDaemon(t)
  const target = await spawnProfilable(t, 'busy.cjs')
  const proxy = await startStrippingProxy(t, daemon.url)
  for (const prefix of [`/targets/${target.pid}`, '']) {
    const query = prefix === '' ? `seconds=1&target=${target.pid}` : 'seconds=1'
    const url = `${proxy.url}${prefix}/debug/pprof/profile?${query}`
    const { code, stdout, stderr } = await goPprof(t, ['-symbolize=remote', '-top', url])
    t.equal(code, 0, stderr)
    t.match(stdout, /burnSixty/)
    t.notMatch(stdout, /0x0*[1-9a-f]/, 'no address is left without a name')
    t.equal(proxy.posts.pop(), `${prefix}/debug/pprof/symbol`, 'pprof asked for the names')
  }
})

t.test('symbol knows every address of a profile, on every path', async (t) => {
  const daemon = await startDaemon(t)
  const target = await spawnProfilable(t, 'busy.cjs')
  const { bytes } = await get(profileUrl(daemon.url, target, 'seconds=1'))
  const { locations } = decodeProfile(bytes)
  t.ok(locations.length > 3)
  const body = locations.map(({ address }) => `0x${address.toString(16)}`).join('+')
  const expected = locations
    .map(({ address, lines }) => `0x${address.toString(16)} ${lines[0]?.function?.name}\n`)
    .join('')
  for (const path of ['', `/targets/${target.pid}`, '/targets/no-such-target']) {
    const url = `${daemon.url}${path}/debug/pprof/symbol`
    const headers = { 'content-type': 'application/octet-stream' }
    for (const answer of [
      await get(url, { method: 'POST', body, headers }),
      await get(`${url}?${body}`),
    ]) {
      t.equal(answer.status, 200)
      t.equal(answer.text, `num_symbols: 1\n${expected}`)
    }
  }
})

interface StrippingProxy {
  readonly url: string
  /** The paths of the POST requests so far. */
  readonly posts: string[]
}

async function startStrippingProxy(t: Test, daemonUrl: string): Promise<StrippingProxy> {
  const posts: string[] = []
  const forward = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = `${daemonUrl}${request.url}`
    if (request.method === 'POST') {
      posts.push(request.url ?? '')
      const body = Buffer.concat(await request.toArray())
      const headers = { 'content-type': request.headers['content-type'] ?? '' }
      response.end((await get(url, { method: 'POST', body, headers })).text)
    } else response.end(withoutFunctions(gunzipSync((await get(url)).bytes)))
  }
  const server = createServer((request, response) => {
    forward(request, response).catch((error) => response.destroy(error))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no TCP address')
  return { url: `http://127.0.0.1:${address.port}`, posts }
}

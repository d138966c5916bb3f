import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { listen } from '../../src/server/listen.ts'
import { spawnProcess } from '../fixtures/support/spawn-target.ts'

t.test('a free port is bound on loopback and named', async (t) => {
  const url = await listen(app(t), { kind: 'tcp', host: '127.0.0.1', port: 0 })
  t.match(url, /^http:\/\/127\.0\.0\.1:\d+$/)
  t.equal((await fetch(url)).status, 404)
})

t.test('a taken port is an error that names it, and no other port is taken', async (t) => {
  const url = await listen(app(t), { kind: 'tcp', host: '127.0.0.1', port: 0 })
  const port = Number(new URL(url).port)
  const second = app(t)
  await t.rejects(listen(second, { kind: 'tcp', host: '127.0.0.1', port }), {
    code: 'config-invalid',
    message: `cannot listen on 127.0.0.1:${port}: another process listens there already; stop it or set listen to another address`,
  })
  t.equal(second.server.listening, false)
})

t.test('a unix socket belongs to its owner alone and is gone afterwards', async (t) => {
  const path = join(folder(t), 'a.sock')
  const umask = process.umask()
  const server = app(t)
  t.equal(await listen(server, { kind: 'unix', path }), path)
  t.equal(statSync(path).mode & 0o777, 0o600)
  t.equal(process.umask(), umask, 'the umask is what it was')
  const request = get({ socketPath: path, path: '/', headers: { host: 'localhost' } })
  const [response] = await once(request, 'response')
  response.resume()
  t.equal(response.statusCode, 404)
  await server.close()
  t.equal(existsSync(path), false)
})

const skip = process.getuid?.() === 0 ? false : 'not run as root: no other group was tried'

t.test('a unix socket has the permissions that are asked for', { skip }, async (t) => {
  for (const mode of [0o600, 0o660, 0o666]) {
    const path = join(folder(t), 'a.sock')
    await listen(app(t), { kind: 'unix', path }, { mode, gid: 4242 })
    const stat = statSync(path)
    t.equal(stat.mode & 0o777, mode)
    t.same([stat.uid, stat.gid], [0, 4242])
  }
})

t.test('the socket of a daemon that was killed is replaced', async (t) => {
  const path = join(folder(t), 'stale.sock')
  const script = `require('net').createServer().listen(process.argv[1], () => console.log('up'))`
  const killed = spawnProcess(t, process.execPath, ['-e', script, path], {})
  await killed.stdout.waitFor(/^up/, 10_000)
  killed.child.kill('SIGKILL')
  await killed.waitForExit()
  t.equal(existsSync(path), true, 'it left its socket')
  t.equal(await listen(app(t), { kind: 'unix', path }), path)
})

t.test('the socket of a living process is left alone', async (t) => {
  const path = join(folder(t), 'live.sock')
  const other = createServer().listen(path)
  t.teardown(() => other.close())
  await once(other, 'listening')
  await t.rejects(listen(app(t), { kind: 'unix', path }), {
    code: 'config-invalid',
    message: /^cannot listen on .*live\.sock: another process listens there already/,
  })
  t.equal(other.listening && existsSync(path), true)
})

t.test('a file that is no socket is left alone', async (t) => {
  const path = join(t.testdir(), 'notes.txt')
  writeFileSync(path, 'mine')
  await t.rejects(listen(app(t), { kind: 'unix', path }), { message: /exists and is not a socket/ })
  t.equal(existsSync(path), true)
})

t.test('a socket in a folder that is not there is explained', async (t) => {
  const path = join(folder(t), 'missing', 'a.sock')
  await t.rejects(listen(app(t), { kind: 'unix', path }), {
    code: 'config-invalid',
    message: /does not exist|may not use this address/,
  })
})

t.test('an error without a known reason is passed on', async (t) => {
  const server = app(t)
  await listen(server, { kind: 'tcp', host: '127.0.0.1', port: 0 })
  await t.rejects(listen(server, { kind: 'tcp', host: '::1', port: 0 }), {
    code: 'FST_ERR_REOPENED_SERVER',
  })
})

function app(t: Test): FastifyInstance {
  const instance = fastify({ forceCloseConnections: true })
  t.teardown(() => instance.close())
  return instance
}

/** A short one: a socket's path has 107 bytes, and testdir() takes most of them. */
function folder(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'pprofd-'))
  t.teardown(() => rmSync(path, { recursive: true }))
  return path
}

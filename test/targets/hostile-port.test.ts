// Strangers on the port that a target's inspector would have, and targets that pretend to have one.
import t, { type Test } from 'tap'
import { freePort } from '../fixtures/support/free-port.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { spawnProcess } from '../fixtures/support/spawn-target.ts'
import { needsRoot, nobodyUid } from '../proc/other-user.ts'
import {
  countOfListening,
  isAsBefore,
  newTargets,
  obey,
  spawnObedient,
  targetOf,
  until,
} from './new-targets.ts'

const id = '01234567-89ab-cdef-0123-456789abcdef'
const list = `JSON.stringify([{ type: 'node', id: '${id}', webSocketDebuggerUrl: 'ws://198.51.100.1:9/x' }])`

t.setTimeout(240_000)

for (const [who, as, skip] of [
  ['of the same user', [], false],
  ['of another user', ['setpriv', `--reuid=${nobodyUid}`, '--clear-groups'], needsRoot],
] as const) {
  t.test(`a stranger ${who} on the port is a reason, and no signal`, { skip }, async (t) => {
    const port = await freePort()
    const program = `require('http').createServer((_, r) => r.end(${list})).listen(${port}, '127.0.0.1', () => console.log('up'))`
    const [file = process.execPath, ...line] = [...as, process.execPath, '-e', program]
    const stranger = spawnProcess(t, file, line, {})
    await stranger.stdout.waitFor(/^up$/)
    const spawned = await spawnObedient(t, { nodeArguments: [`--inspect-port=${port}`] })
    const targets = newTargets(t)
    await t.rejects(targets.attach(await targetOf(targets, spawned)), {
      code: 'target-refused',
      message: new RegExp(`port ${port}, where its inspector would open, is taken by another`),
    })
    t.equal(spawned.stderr.text(), '')
    t.ok(spawned.isAlive() && stranger.isAlive())
  })
}

/** Lets the target serve HTTP with a handler of the names `q` and `r`. */
async function spawnServing(t: Test, handler: string, after = '') {
  const spawned = await spawnObedient(t)
  const server = `const s = require('http').createServer((q, r) => { ${handler} }).listen(0, '127.0.0.1')`
  await obey(spawned, `${server}; ${after}`)
  t.ok(await until(async () => (await listeningPorts(spawned.pid)).length === 1))
  return spawned
}

const noInspectors = {
  'a list of 50 MB':
    "const c = Buffer.alloc(1 << 20, '['); let n = 0; const more = () => { while (n++ < 50) if (!r.write(c)) return r.once('drain', more); r.end() }; more()",
  'an invalid list': "r.end('[{')",
  'a redirect': `r.writeHead(302, { location: 'http://198.51.100.1/json/list' }).end(${list})`,
  silence: '',
  'a list that never ends': "setInterval(() => r.write('['), 20)",
}

for (const [what, handler] of Object.entries(noInspectors)) {
  t.test(`${what} is no inspector: the target's own is opened`, async (t) => {
    const spawned = await spawnServing(t, handler)
    const portsBefore = await listeningPorts(spawned.pid)
    const targets = newTargets(t)
    const startedMs = performance.now()
    const attachment = await targets.attach(await targetOf(targets, spawned))
    t.ok(performance.now() - startedMs < 10_000)
    t.equal(attachment.openedByUs, true)
    await attachment.detach()
    await isAsBefore(t, spawned, portsBefore)
  })
}

const onSocket = (code: string) =>
  `new (require('ws').WebSocketServer)({ server: s, perMessageDeflate: false }).on('connection', w => { w.on('error', () => {}); ${code} })`
const reply = (value: string) =>
  `w.on('message', d => w.send(JSON.stringify({ id: JSON.parse(d).id, result: { result: { type: 'object', value: ${value} } } })))`

const pretenders: Readonly<Record<string, readonly [string, RegExp]>> = {
  silence: [onSocket(''), /no answer from the target within 500 ms/],
  "another process's pid": [
    onSocket(reply("[1, 'v20.0.0']")),
    /the inspector that answered is not that of process \d+/,
  ],
  'no pid': [onSocket(reply('null')), /the inspector that answered is not that of process \d+/],
  'half a frame': [
    onSocket('w._socket.write(Buffer.from([0x81, 0x7e, 0x10]))'),
    /no answer from the target within 500 ms/,
  ],
  'a frame that is too large': [
    onSocket('w.on("message", () => w.send(Buffer.alloc(2 << 20, 32)))'),
    /could not attach/,
  ],
  'answers to other calls': [
    onSocket(
      'w.on("message", () => { for (let i = 50; i < 5000; i++) w.send(JSON.stringify({ id: i, result: {} })) })',
    ),
    /no answer from the target within 500 ms/,
  ],
  'a flood of events': [
    onSocket(
      'setInterval(() => { for (let i = 0; i < 100; i++) w.send(`{"method":"Runtime.x","params":{}}`) }, 5)',
    ),
    /no answer from the target within 500 ms/,
  ],
  'a hang-up': [onSocket('w.terminate()'), /could not attach|closed the connection/],
}

for (const [what, [code, message]] of Object.entries(pretenders)) {
  t.test(`a pretended inspector with ${what} is refused in bounded time`, async (t) => {
    const spawned = await spawnServing(t, `r.end(${list})`, code)
    const portsBefore = await listeningPorts(spawned.pid)
    const targets = newTargets(t, { commandTimeoutMs: 500, maxMessageBytes: 1 << 20 })
    const startedMs = performance.now()
    await t.rejects(targets.attach(await targetOf(targets, spawned)), {
      code: 'attach-failed',
      message,
    })
    t.ok(performance.now() - startedMs < 10_000)
    t.strictSame(await listeningPorts(spawned.pid), portsBefore)
    t.equal(countOfListening(spawned), 0, 'it was not signalled')
    t.equal(targets.inspectorsLeftOpen, 0)
    t.ok(spawned.isAlive())
  })
}

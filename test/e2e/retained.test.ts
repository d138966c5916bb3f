// Who holds the memory: a cache of known size in heaps that real Nodes hold, through the daemon.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { checkValid } from '../../src/pprof/check-valid.ts'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import { startDaemon } from '../fixtures/support/daemon.ts'
import { goMissing, goPprof } from '../fixtures/support/go-pprof.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { type NodeMajor, nodeBinary, nodeMajors } from '../fixtures/support/node-binaries.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { get } from './profilable.ts'

t.setTimeout(900_000)

const skipGo = (await goMissing()) ?? false

/** V8 stands still for some 25 s at 200 MB, and Node 18 for minutes. */
const largeOn: readonly NodeMajor[] = [20, 24]

for (const major of nodeMajors) {
  const { path, reason } = await nodeBinary(major)
  const [cacheMb, restMb] = largeOn.includes(major) ? [50, 150] : [10, 20]
  const title = `${cacheMb} MB of cache in ${cacheMb + restMb} MB of heap are found on Node ${major}`
  t.test(title, { skip: reason ?? false }, (t) => findCache(t, path ?? '', cacheMb, restMb))
}

async function findCache(t: Test, node: string, cacheMb: number, restMb: number): Promise<void> {
  const daemon = await startDaemon(t)
  const target = await spawnTarget(t, 'cached.cjs', {
    node,
    nodeArguments: ['--expose-gc', '--inspect-port=0'],
    programArguments: [String(cacheMb), String(restMb)],
  })
  const ready = await target.stdout.waitFor(/^ready \{/)
  const { cacheBytes, heapBytes } = JSON.parse(ready.slice('ready '.length))
  const answer = await get(`${daemon.url}/targets/${target.pid}/debug/pprof/retained`)
  t.equal(answer.status, 200, answer.status === 200 ? '' : answer.text)
  t.same(checkValid(answer.bytes, { nowMs: Date.now() }), [])
  t.same(await listeningPorts(target.pid), [], 'its inspector is closed')
  t.ok(target.isAlive())

  const retained = retainedOf(answer.bytes)
  assertWithin(t, retained.get('cache: SessionCache'), cacheBytes, 0.05)
  assertWithin(t, retained.get('sessions: Map'), cacheBytes, 0.05)
  // heapUsed has no buffers and native objects, which weigh more in a small heap.
  assertWithin(t, retained.get(''), heapBytes, 0.15)
  t.ok((retained.get('reports: Array') ?? 0) > 0.5e6 * restMb)

  await t.test('and go tool pprof shows it', { skip: skipGo }, async (t) => {
    const file = join(t.testdir(), 'retained.pb.gz')
    writeFileSync(file, answer.bytes)
    const { code, stdout, stderr } = await goPprof(t, ['-top', '-cum', '-unit=B', file])
    t.equal(code, 0, stderr)
    const cum = /^ *\S+ +\S+ +\S+ +(\d+)B +\S+ +cache: SessionCache$/m.exec(stdout)?.[1]
    assertWithin(t, Number(cum), cacheBytes, 0.05)
  })
}

/** For each frame what it retains, in bytes; all of it under the empty name. */
function retainedOf(bytes: Uint8Array): ReadonlyMap<string, number> {
  const retained = new Map<string, number>()
  for (const { stack, values } of decodeProfile(bytes).samples) {
    const names = stack.map((location) => location?.lines[0]?.function?.name ?? '')
    for (const name of new Set(['', ...names])) {
      retained.set(name, (retained.get(name) ?? 0) + (values[1] ?? 0))
    }
  }
  return retained
}

function assertWithin(t: Test, found = 0, expected = 0, share: number): void {
  const ratio = found / expected
  t.ok(Math.abs(ratio - 1) <= share, `${found} of ${expected} bytes: ${ratio.toFixed(4)}`)
}

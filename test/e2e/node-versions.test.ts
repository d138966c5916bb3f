// Every Node that can be a target: shares, blocked loops, module systems, and what is left behind.
import t, { type Test } from 'tap'
import { type SpawnedDaemon, startDaemon } from '../fixtures/support/daemon.ts'
import { goMissing, goPprof } from '../fixtures/support/go-pprof.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { type NodeMajor, nodeBinary, nodeMajors } from '../fixtures/support/node-binaries.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { assertBusyShares } from './busy-shares.ts'
import { type Answer, get, profileUrl, spawnProfilable } from './profilable.ts'

const skipGo = (await goMissing()) ?? false

t.setTimeout(900_000)

for (const major of nodeMajors) {
  const { path: node, reason } = await nodeBinary(major)
  t.test(`a plain Node ${major} is profiled and left as it was`, { skip: reason ?? false }, (t) =>
    testMajor(t, major, node ?? ''),
  )
}

async function testMajor(t: Test, major: NodeMajor, node: string): Promise<void> {
  const daemon = await startDaemon(t)

  // That modules are no different is shown on the oldest and the newest.
  for (const program of major === 18 || major === 26 ? ['busy.cjs', 'busy.mjs'] : ['busy.cjs']) {
    await t.test(`${program} under go tool pprof`, { skip: skipGo }, async (t) => {
      const target = await spawnProfilable(t, program, { node })
      const url = profileUrl(daemon.url, target, 'seconds=5&hz=1000')
      const { code, stdout, stderr } = await goPprof(t, ['-top', url])
      t.equal(code, 0, stderr)
      assertBusyShares(t, stdout)
      t.match(stdout, new RegExp(`^target: ${program}, pid ${target.pid}, node v${major}\\.`, 'm'))
      t.same(await listeningPorts(target.pid), [], 'its inspector is closed')
      await assertAttachableAgain(t, daemon, target.pid)
    })
  }

  await t.test('a loop that JavaScript blocks for good', async (t) => {
    const target = await spawnProfilable(t, 'blocked.cjs', { node })
    await new Promise((resolve) => setTimeout(resolve, 300))
    const answer = await get(profileUrl(daemon.url, target, 'seconds=1&format=collapsed'))
    t.equal(answer.status, 200, answer.text)
    // V8 may leave out one of the two: both were running when the profiler came.
    t.match(answer.text, /startBlocking.*(blockForever|crunchNumbers) \d\d/)
    t.same(await listeningPorts(target.pid), [], 'its inspector is closed')
    t.ok(target.isAlive())
  })

  await t.test('a process without any flag, on the default port', async (t) => {
    const target = await spawnTarget(t, 'busy.cjs', { node })
    const answer = await getOncePortIsFree(profileUrl(daemon.url, target, 'seconds=1'))
    t.equal(answer.status, 200, answer.text)
    t.match(target.stderr.text(), /Debugger listening on ws:\/\/127\.0\.0\.1:9229\//)
    t.same(await listeningPorts(target.pid), [], 'its inspector is closed')
  })

  await t.test('an inspector that was open stays open', async (t) => {
    const target = await spawnTarget(t, 'busy.cjs', { node, nodeArguments: ['--inspect=0'] })
    const before = await listeningPorts(target.pid)
    t.equal(before.length, 1)
    const answer = await get(profileUrl(daemon.url, target, 'seconds=1'))
    t.equal(answer.status, 200, answer.text)
    t.same(await listeningPorts(target.pid), before)
  })
}

async function assertAttachableAgain(t: Test, { url }: SpawnedDaemon, pid: number): Promise<void> {
  const { text } = await get(`${url}/targets/${pid}/preflight`)
  t.match(JSON.parse(text), { attachable: true, via: 'signal', refusal: null })
}

/** Of all processes of this machine one can have port 9229, and other tests need it, too. */
async function getOncePortIsFree(url: string): Promise<Answer> {
  for (let triesLeft = 30; ; triesLeft--) {
    const answer = await get(url)
    if (answer.status === 200 || triesLeft === 0 || !answer.text.includes('9229')) return answer
    await new Promise((resolve) => setTimeout(resolve, 1000))
  }
}

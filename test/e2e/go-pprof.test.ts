import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startDaemon } from '../fixtures/support/daemon.ts'
import { goMissing, goPprof, graphvizMissing } from '../fixtures/support/go-pprof.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { assertBusyShares } from './busy-shares.ts'
import { profileUrl, spawnProfilable } from './profilable.ts'

const skip = (await goMissing()) ?? false
const skipSvg = skip || ((await graphvizMissing()) ?? false)

t.setTimeout(300_000)

t.test('go tool pprof profiles a running process through the daemon', { skip }, async (t) => {
  const daemon = await startDaemon(t)
  const target = await spawnProfilable(t, 'busy.cjs')
  const url = profileUrl(daemon.url, target, 'seconds=2')
  const report = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await goPprof(t, args)
    t.equal(code, 0, `pprof ${args[0]}: ${stderr}`)
    t.notMatch(stderr, /symbol|error/i, 'pprof has nothing to say about the profile')
    return stdout
  }

  await t.test(
    '-top shows the known functions with their shares at the default rate',
    async (t) => {
      // 15 s at 100 Hz: 2 s would be 150 samples, whose standard error is 4 points.
      const top = await report('-top', profileUrl(daemon.url, target, 'seconds=15'))
      assertBusyShares(t, top)
      t.match(top, /^File: node$/m)
      t.match(top, /^Type: cpu$/m)
      t.match(top, /^Duration: 1[456](\.\d+)?s, Total samples = /m)
    },
  )

  await t.test('-traces shows whole stacks with their labels', async (t) => {
    const traces = await report('-traces', url)
    t.match(traces, new RegExp(`pid: +${target.pid}\\n +thread: +main\\n`))
    t.match(traces, /busy\.burnSixty\n +\S*busy\.runSlice\n +\S*busy\.runRound\n/)
  })

  await t.test('-raw shows types, rate, addresses, lines and one mapping', async (t) => {
    const raw = await report('-raw', url)
    t.match(raw, /^PeriodType: cpu nanoseconds\nPeriod: 10000000$/m)
    t.match(raw, /^samples\/count cpu\/nanoseconds\[dflt\]$/m)
    t.match(
      raw,
      /^ +\d+: 0x[0-9a-f]+ M=1 \S+burnSixty \S+\/busy\.cjs:(1[7-9]|2[01]):\d+ s=17\(\)$/m,
    )
    t.match(raw, /^Mappings\n1: .* \[FN\]\[FL\]\[LN\]\n*$/m)
    t.match(raw, /^Comment: duration: 2 s asked, [12](\.\d+)? s achieved$/m)
    t.match(raw, /^Comment: pauses of the target: at most [\d.]+ ms at the start/m)
  })

  await t.test('-list shows the source with the time of its lines', async (t) => {
    const list = await report('-list', 'burnSixty', url)
    t.match(list, /^ROUTINE =+ \S*burnSixty in \S+\/busy\.cjs$/m)
    t.match(list, /^ +[\d.]+m?s +[\d.]+m?s +19: +for \(let i = 1;/m)
  })

  await t.test('-diff_base takes two captures of one target at once', async (t) => {
    const fiveSeconds = profileUrl(daemon.url, target, 'seconds=5')
    const begin = performance.now()
    const diff = await report('-top', '-diff_base', fiveSeconds, fiveSeconds)
    const elapsedMs = performance.now() - begin
    t.match(diff, /burnSixty/)
    t.ok(elapsedMs < 10_000, `side by side, not one after the other: ${Math.round(elapsedMs)} ms`)
  })

  await t.test('-svg draws the call graph', { skip: skipSvg }, async (t) => {
    const file = join(t.testdir(), 'graph.svg')
    await report('-svg', '-output', file, url)
    const svg = readFileSync(file, 'utf8')
    t.match(svg, /^<\?xml.*<svg .*burnSixty.*<\/svg>\s*$/s)
  })

  t.same(await listeningPorts(target.pid), [], 'nothing listens in the target afterwards')
  t.ok(target.isAlive())
})

t.test('go tool pprof shows the reason for which the daemon refuses', { skip }, async (t) => {
  const daemon = await startDaemon(t)
  const cases = [
    { query: 'seconds=301', reason: /seconds must be a whole number from 1 to 300, not "301"/ },
    { target: 'nobody', query: 'seconds=1', reason: /there is no target "nobody"/ },
  ]
  for (const { target = 'self', query, reason } of cases) {
    const { code, stderr } = await goPprof(t, ['-top', profileUrl(daemon.url, target, query)])
    t.not(code, 0)
    t.match(stderr, reason)
  }
})

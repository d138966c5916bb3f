// What bundlers made of test/fixtures/maps/src, run as targets: profiles name what people wrote.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { recordCpu } from '../../src/captures/cpu.ts'
import { encodeCpuProfile } from '../../src/convert/cpu-formats.ts'
import { checkValid } from '../../src/pprof/check-valid.ts'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import type { Profile } from '../../src/pprof/profile.ts'
import { SourceMaps } from '../../src/sourcemaps/source-maps.ts'
import { checkout } from '../fixtures/support/checkout.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { newTargets, targetOf } from '../targets/new-targets.ts'

t.setTimeout(300_000)

const fixtures = join(checkout, 'test/fixtures/maps')

/** The functions of the sources, where they are written and which line of them runs most. */
const functions = [
  { file: 'src/numbers.ts', name: 'sumRoots', written: 'function sumRoots', hot: 'Math.sqrt' },
  { file: 'src/numbers.ts', name: 'sumSines', written: 'sumSines: Job', hot: 'Math.sin' },
  { file: 'src/numbers.ts', name: 'sumLogs', written: 'sumLogs: Job', hot: 'Math.log' },
  { file: 'src/shop/cart.ts', name: 'Cart', written: 'constructor(', hot: 'Math.cbrt' },
  { file: 'src/shop/cart.ts', name: 'addTaxes', written: 'addTaxes(', hot: 'Math.atan' },
  { file: 'src/shop/cart.ts', name: 'settle', written: 'function settle', hot: 'Math.tan' },
  { file: 'src/main.ts', name: 'runRound', written: 'function runRound', hot: undefined },
].map((row) => ({
  ...row,
  startLine: lineOf(row.file, row.written),
  hotLine: row.hot === undefined ? undefined : lineOf(row.file, row.hot),
}))

/** V8 knows no columns of what runs, so code on one line is all on its function's first. */
const programs = [
  { program: 'tsc-esm/main.js', hasLines: true },
  { program: 'tsc-cjs/main.js', hasLines: true },
  { program: 'swc/main.js', hasLines: true },
  { program: 'swc-min/main.js', hasLines: false },
  { program: 'esbuild-esm.mjs', hasLines: true },
  { program: 'esbuild-esm-inline.mjs', hasLines: true },
  { program: 'esbuild-esm-min.mjs', hasLines: false },
  { program: 'esbuild-cjs.cjs', hasLines: true },
  { program: 'esbuild-cjs-inline.cjs', hasLines: true },
  { program: 'esbuild-cjs-min.cjs', hasLines: false },
  { program: 'esbuild-cjs-min-inline.cjs', hasLines: false },
  { program: 'rollup-terser.mjs', hasLines: false },
  { program: 'webpack-production.cjs', hasLines: false },
  { program: 'webpack-development.cjs', hasLines: true },
] as const

for (const { program, hasLines } of programs) {
  t.test(`a profile of ${program} names original functions and lines`, async (t) => {
    const profile = await profileOf(t, program)
    for (const { file, name, startLine, hot, hotLine } of functions) {
      const own = profile.functions.find(({ name: full }) => full.endsWith(`.${name}`))
      const module = file.replace(/\.ts$/, '')
      t.match(own, { file: join(fixtures, file), startLine }, `${name}: ${JSON.stringify(own)}`)
      t.ok(own?.name.endsWith(`${module}.${name}`), String(own?.name))
      if (hot === undefined) continue
      t.equal(hottestLine(profile, own?.name), hasLines ? hotLine : startLine, `${name} runs`)
    }
    t.ok(profile.comments.some((line) => /^source maps: applied to \d script/.test(line)))
    t.notOk(profile.comments.some((line) => /broken|missing|no use/.test(line)))
  })
}

async function profileOf(t: Test, program: string): Promise<Profile> {
  const targets = newTargets(t)
  const sourceMaps = new SourceMaps({ budgetMs: 20_000 })
  t.teardown(() => sourceMaps.close())
  const spawned = await spawnTarget(t, join(fixtures, 'built', program), {
    // V8 may count what it inlined for the caller; here every function has to be seen.
    nodeArguments: ['--inspect-port=0', '--no-opt'],
  })
  const target = await targetOf(targets, spawned)
  const recording = await recordCpu(targets, target, { durationMs: 1000, hz: 500 })
  const { bytes } = await encodeCpuProfile(recording, 'pprof', (scripts) =>
    sourceMaps.find(recording.target, scripts),
  )
  t.strictSame(checkValid(bytes), [])
  return decodeProfile(bytes)
}

/** 1-based. */
function lineOf(file: string, text: string): number {
  const lines = readFileSync(join(fixtures, file), 'utf8').split('\n')
  return lines.findIndex((line) => line.includes(text)) + 1
}

function hottestLine({ samples }: Profile, name: string | undefined): number | undefined {
  const lines = new Map<number, number>()
  for (const { stack, values } of samples) {
    const line = stack[0]?.lines[0]
    if (line === undefined || line.function?.name !== name) continue
    lines.set(line.line, (lines.get(line.line) ?? 0) + (values[0] ?? 0))
  }
  return [...lines].sort((a, b) => b[1] - a[1])[0]?.[0]
}

// What bundlers made of test/fixtures/maps/src, run as targets: profiles name what people wrote.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { recordCpu } from '../../src/captures/cpu.ts'
import { recordHeap } from '../../src/captures/heap.ts'
import { encodeCpuProfile } from '../../src/convert/cpu-formats.ts'
import { encodeHeapProfile } from '../../src/convert/heap-formats.ts'
import type { FindSources } from '../../src/convert/source-lookup.ts'
import { checkValid } from '../../src/pprof/check-valid.ts'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import type { Profile } from '../../src/pprof/profile.ts'
import { SourceMaps } from '../../src/sourcemaps/source-maps.ts'
import { traceOf } from '../captures/traced.ts'
import type { CheckedTrace } from '../fixtures/support/check-trace.ts'
import { checkout } from '../fixtures/support/checkout.ts'
import { nodeBinary } from '../fixtures/support/node-binaries.ts'
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

/**
 * V8 knows no columns of what runs, so code on one line is all on its function's first. `majors`: all
 * on the Node that most run, one of each bundler on the newest, whose V8 is another.
 */
const programs = [
  { program: 'tsc-esm/main.js', hasLines: true, majors: [20, 26] },
  { program: 'tsc-cjs/main.js', hasLines: true, majors: [20] },
  { program: 'swc/main.js', hasLines: true, majors: [20] },
  { program: 'swc-min/main.js', hasLines: false, majors: [20, 26] },
  { program: 'esbuild-esm.mjs', hasLines: true, majors: [20] },
  { program: 'esbuild-esm-inline.mjs', hasLines: true, majors: [20] },
  { program: 'esbuild-esm-min.mjs', hasLines: false, majors: [20] },
  { program: 'esbuild-cjs.cjs', hasLines: true, majors: [20] },
  { program: 'esbuild-cjs-inline.cjs', hasLines: true, majors: [20] },
  { program: 'esbuild-cjs-min.cjs', hasLines: false, majors: [20] },
  { program: 'esbuild-cjs-min-inline.cjs', hasLines: false, majors: [20, 26] },
  { program: 'rollup-terser.mjs', hasLines: false, majors: [20, 26] },
  { program: 'webpack-production.cjs', hasLines: false, majors: [20] },
  { program: 'webpack-development.cjs', hasLines: true, majors: [20, 26] },
] as const

for (const { program, hasLines, majors } of programs) {
  for (const major of majors) {
    const { path: node, reason } = await nodeBinary(major)
    const title = `profiles of ${program} on Node ${major} name original functions and lines`
    t.test(title, { skip: reason ?? false }, async (t) => {
      const { cpu, heap, trace } = await profilesOf(t, program, node ?? '')
      for (const { file, name, startLine, hot, hotLine } of functions) {
        const module = file.replace(/\.ts$/, '')
        for (const [kind, profile] of Object.entries({ cpu, heap })) {
          const own = profile.functions.find(({ name: full }) => full.endsWith(`.${name}`))
          const shown = `${kind} ${name}: ${JSON.stringify(own)}`
          t.match(own, { file: join(fixtures, file), startLine }, shown)
          t.ok(own?.name.endsWith(`${module}.${name}`), String(own?.name))
          const isLine = kind === 'cpu' && hasLines
          const line = isLine ? hotLine : startLine
          if (hot !== undefined) t.equal(hottestLine(profile, own?.name), line, `${kind} ${name}`)
        }
        const slice = trace.slices.find(({ name: full }) => full.endsWith(`${module}.${name}`))
        t.equal(slice?.args?.at, `${join(fixtures, file)}:${startLine}`, `trace ${name}`)
      }
      for (const { comments } of [cpu, heap]) {
        t.ok(comments.some((line) => /^source maps: applied to \d script/.test(line)))
        t.notOk(
          comments.some((line) => /source maps.*(?:missing|of no use|not applied)/.test(line)),
        )
      }
    })
  }
}

async function profilesOf(
  t: Test,
  program: string,
  node: string,
): Promise<Readonly<Record<'cpu' | 'heap', Profile>> & { readonly trace: CheckedTrace }> {
  const targets = newTargets(t)
  const sourceMaps = new SourceMaps({ budgetMs: 20_000 })
  t.teardown(() => sourceMaps.close())
  const spawned = await spawnTarget(t, join(fixtures, 'built', program), {
    node,
    // V8 may count what it inlined for the caller; here every function has to be seen.
    nodeArguments: ['--inspect-port=0', '--no-opt', '--no-maglev'],
  })
  const target = await targetOf(targets, spawned)
  const find: FindSources = (scripts) => sourceMaps.find(recorded.target, scripts)
  const recorded = await recordCpu(targets, target, { durationMs: 1000, hz: 500 })
  // Every number of a loop is an object to code that is not optimised.
  const allocated = await recordHeap(targets, target, {
    counting: 'allocated',
    durationMs: 300,
    samplingIntervalBytes: 4096,
    gc: false,
    isDelta: false,
  })
  const { trace } = await traceOf(targets, spawned, { hz: 500 }, find)
  const cpu = await encodeCpuProfile(recorded, 'pprof', find)
  const heap = await encodeHeapProfile(allocated, 'allocs', 'pprof', find)
  return { cpu: decoded(t, cpu.bytes), heap: decoded(t, heap.bytes), trace }
}

function decoded(t: Test, bytes: Uint8Array): Profile {
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

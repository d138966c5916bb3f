// Stacks of what bundlers made of test/fixtures/maps/src: calls in the middle of functions, by V8's names.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { FindSources } from '../../src/convert/source-lookup.ts'
import { type SourceFrame, writtenFrames } from '../../src/convert/written-frames.ts'
import { SourceMaps } from '../../src/sourcemaps/source-maps.ts'
import { checkout } from '../fixtures/support/checkout.ts'
import { nodeBinary } from '../fixtures/support/node-binaries.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'

t.setTimeout(300_000)

const fixtures = join(checkout, 'test/fixtures/maps')

/** By the function of Math that they call. */
const callers = [
  { called: 'sqrt', name: 'sumRoots', file: 'src/numbers.ts' },
  { called: 'sin', name: 'sumSines', file: 'src/numbers.ts' },
  { called: 'log', name: 'sumLogs', file: 'src/numbers.ts' },
  { called: 'cbrt', name: 'new Cart', file: 'src/shop/cart.ts' },
  { called: 'atan', name: 'Cart.addTaxes', file: 'src/shop/cart.ts' },
  { called: 'tan', name: 'settle', file: 'src/shop/cart.ts' },
] as const

const programs = [
  'tsc-esm/main.js',
  'tsc-cjs/main.js',
  'swc/main.js',
  'swc-min/main.js',
  'esbuild-esm-min.mjs',
  'esbuild-cjs-inline.cjs',
  'esbuild-cjs-min-inline.cjs',
  'rollup-terser.mjs',
  'webpack-production.cjs',
  'webpack-development.cjs',
] as const

for (const [major, all] of [
  [20, programs],
  [26, programs.slice(3, 5)],
] as const) {
  const { path: node, reason } = await nodeBinary(major)
  for (const program of all) {
    const title = `stacks of ${program} on Node ${major} name original functions, lines and columns`
    t.test(title, { skip: reason ?? false }, (t) => checkStacks(t, program, node ?? ''))
  }
}

async function checkStacks(t: Test, program: string, node: string): Promise<void> {
  const { pid, stacks } = await stacksOf(t, program, node)
  const sourceMaps = new SourceMaps({ budgetMs: 20_000 })
  t.teardown(() => sourceMaps.close())
  const frames = [...stacks.values()].flat()
  const find: FindSources = (scripts) =>
    sourceMaps.find({ pid, workingDirectory: checkout }, scripts)
  await writtenFrames(frames, find)
  // What is remembered is no other.
  const lookup = await writtenFrames(frames, find)
  t.match(lookup.notes, [/^source maps: applied to \d script/])
  for (const { called, name, file } of callers) {
    const [caller, above] = (stacks.get(called) ?? []).map((frame) => lookup.of(frame))
    const url = join(fixtures, file)
    t.match(caller, { function: name, url, ...callOf(file, `Math.${called}`) }, called)
    t.match(above, { function: 'runRound', url: join(fixtures, 'src/main.ts') })
  }
  t.equal(lookup.packageOf(join(fixtures, 'src/main.ts'))?.name, 'pprofd')
}

async function stacksOf(t: Test, program: string, node: string) {
  const target = await spawnTarget(t, join(fixtures, 'built', program), {
    node,
    nodeArguments: ['--require', join(fixtures, 'print-stacks.cjs')],
  })
  await target.stdout.waitFor(/"name":"tan"/, 10_000)
  const printed = target.stdout.lines().filter((line) => line.includes('"frames"'))
  const stacks = new Map<string, readonly SourceFrame[]>()
  for (const line of printed) {
    const { name, frames } = JSON.parse(line)
    stacks.set(name, frames)
  }
  return { pid: target.pid, stacks }
}

/** Where V8 says that the call is: at the name of the method. 1-based. */
function callOf(file: string, text: string): { readonly line: number; readonly column: number } {
  const lines = readFileSync(join(fixtures, file), 'utf8').split('\n')
  const line = lines.findIndex((one) => one.includes(text))
  return { line: line + 1, column: (lines[line]?.indexOf(text) ?? 0) + 'Math.'.length + 1 }
}

// Beside what V8 does: test/census/await-zoo.test.ts. Here each rule by itself, one function a case.
import t from 'tap'
import { suspendPoints } from '../../src/census/suspend-points.ts'

/** A function and, in V8's order, what stands at its suspend points; x and y are never known. */
const cases: readonly (readonly [source: string, points: readonly string[]])[] = [
  ['async () => { await x; await y }', ['await x', 'await y']],
  ['async x => await x', ['await x']],
  ['async () => { await (await x) }', ['await x', 'await (']],
  ['async () => { return await x; await y }', ['await x']],
  ['async () => { throw await x; await y }', ['await x']],
  ['async () => { return; function f() {} await y }', []],
  ['async () => { if (await x) await y; else await 1 }', ['await x', 'await y', 'await 1']],
  ['async () => { if (x) return; else return; await y }', []],
  ['async () => { if (x) return; await y }', ['await y']],
  ['async () => { if (true) await x; else await y }', ['await x']],
  ['async () => { if (0) await x; await y }', ['await y']],
  ['async () => { if (!1) await x; else await y }', ['await y']],
  ['async () => { if (/a/) await x; else await y }', ['await x', 'await y']],
  ['async () => { while (await x) { await y } }', ['await x', 'await y']],
  ['async () => { while (true) { await x } await y }', ['await x']],
  ['async () => { while (1) { if (x) break; await x } await y }', ['await x', 'await y']],
  ['async () => { while (false) { await x } await y }', ['await y']],
  ['async () => { do { await x; continue; await 1 } while (await y) }', ['await x', 'await y']],
  ['async () => { do { await x } while (false); await y }', ['await x', 'await y']],
  [
    'async () => { for (let i = await 1; await 2; await 3) { await 4 } }',
    ['await 1', 'await 2', 'await 4', 'await 3'],
  ],
  ['async () => { for (;;) { await x; break } await y }', ['await x', 'await y']],
  ['async () => { for (;;) { await x } await y }', ['await x']],
  ['async () => { for (const a in await x) { await a; break; await 1 } }', ['await x', 'await a']],
  ['async () => { for (const a of await x) await a }', ['await x', 'await a']],
  [
    'async () => { for await (const a of await x) { await a } await y }',
    ['await x', 'a of', 'await a', 'await x', 'await y'],
  ],
  ['async () => { for await (a.b of x) await y }', ['a.b of', 'await y', 'x)']],
  ['async () => { for await (const { a = await 1 } of x); }', ['{ a', 'await 1', 'x)']],
  [
    'async () => { switch (await x) { case await 1: await 2; break; await 3; default: await 4 } }',
    ['await x', 'await 1', 'await 2', 'await 4'],
  ],
  ['async () => { switch (x) { case 1: return; default: return } await y }', []],
  ['async () => { switch (x) { case 1: return } await y }', ['await y']],
  [
    'async () => { try { await 1; return } catch (e) { await 2 } finally { await 3 } await 4 }',
    ['await 1', 'await 2', 'await 3', 'await 4'],
  ],
  ['async () => { try { return } catch { return } await y }', []],
  ['async () => { try { await x } catch ({ a = await y }) {} }', ['await x', 'await y']],
  ['async () => { a: { await x; break a; await 1 } await y }', ['await x', 'await y']],
  ['async () => { a: for (;;) { for (;;) { break a } } await y }', ['await y']],
  ['async () => { a: b: for (;;) { await x; break a } await y }', ['await x', 'await y']],
  ['async () => { for (;;) { for (;;) { break } await x } await y }', ['await x']],
  ['async () => { for (;; await x) { return } }', []],
  ['async () => { for (;; await x) { if (y) continue; return } }', ['await x']],
  ['async () => { a: for (;; await x) { for (;;) { continue a } } }', ['await x']],
  ['async () => { do { return } while (await x); await y }', []],
  [
    'async () => { for (;;) { try { break } finally { await x } } await y }',
    ['await x', 'await y'],
  ],
  ['async () => { for (;;) { try { break } finally { throw x } } await y }', ['await y']],
  ['async () => { try { await x } finally { return } await y }', ['await x']],
  ['async () => { if (1 || x) await 1; else await 2 }', ['await 1']],
  ['async () => { if (!(0 && x)) await 1; else await 2 }', ['await 1']],
  ['async () => { while (1 && x) await y; await 1 }', ['await y', 'await 1']],
  ['async () => 1 ?? (await x)', []],
  ['async () => null ?? (await x)', ['await x']],
  ['async () => { return x ? await 1 : await 2 }', ['await 1', 'await 2']],
  ['async () => (true ? await 1 : await 2)', ['await 1']],
  ['async () => true && (await 1)', ['await 1']],
  ['async () => false && (await 1)', []],
  ['async () => true || (await 1)', []],
  ['async () => false || (await 1)', ['await 1']],
  ['async () => x ?? (await 1)', ['await 1']],
  ['async () => { [a = await 1] = await 2 }', ['await 2', 'await 1']],
  ['async () => { const { [await 1]: a = await 2 } = await 3 }', ['await 3', 'await 1', 'await 2']],
  ['async () => { o[await 1] = await 2 }', ['await 1', 'await 2']],
  [`async () => \`\${await 1}\${await 2}\``, ['await 1', 'await 2']],
  ['async () => x?.[await 1](await 2)', ['await 1', 'await 2']],
  ['async () => { class A extends (await 1) { [await 2] = 3 } }', ['await 1', 'await 2']],
  ['async () => { class A { static { f() } static a = 1; #b } await 1 }', ['await 1']],
  ['function* () { yield 1; return yield 2 }', ['function', 'yield 1', 'yield 2']],
  ['function* () { yield* x; yield }', ['function', 'yield* x', 'yield }']],
  ['async function* () { yield await 1; return x }', ['async', 'await 1', 'yield await', 'x }']],
  ['async function* () { if (x) return; await y }', ['async', 'await y']],
  [
    'async function* () { yield* x; await y }',
    ['async', 'yield* x', 'yield* x', 'yield* x', 'yield* x', 'await y'],
  ],
  ['async () => { const f = async () => await 1; await 2 }', ['await 2']],
  ['async (a, b = async () => await 1) => { await 2 }', ['await 2']],
]

for (const [source, expected] of cases) {
  t.test(`numbers the suspend points of ${source}`, async (t) => {
    const prefix = 'const f = '
    const functions = suspendPoints(prefix + source, 'script')
    const begin = prefix.length + startOf(source)
    const points = functions?.get(begin)?.points ?? []
    const texts = points.map(({ offset }) => (prefix + source).slice(offset))
    t.equal(points.length, expected.length)
    for (const [index, text] of expected.entries()) {
      t.ok(texts[index]?.startsWith(text), `${texts[index]} begins with ${text}`)
    }
  })
}

t.test('knows what each point is', async (t) => {
  const functions = suspendPoints('async function* f() { yield await 1 }', 'script')
  const kinds = functions?.get(17)?.points?.map(({ kind }) => kind)
  t.strictSame(kinds, ['start', 'await', 'yield'])
})

t.test('a module stands at its beginning before its first await', async (t) => {
  const points = suspendPoints('const a = 1\nawait a', 'module')?.get(0)?.points
  t.strictSame(points, [
    { kind: 'start', offset: 0 },
    { kind: 'await', offset: 12 },
  ])
})

t.test('knows the class of methods and of functions in fields', async (t) => {
  const source =
    'class Pool { async get() { await 1 } take = async () => await 2 }; class extends A {}'
  const named = suspendPoints(source.replace('; class extends A {}', ''), 'script')
  t.equal(named?.get(source.indexOf('() {'))?.className, 'Pool')
  t.equal(named?.get(source.indexOf('() =>'))?.className, 'Pool')
  const anonymous = suspendPoints('x = class { async get() { await 1 } }', 'script')
  t.equal(anonymous?.get(21)?.className, '')
})

t.test('does not guess in a function that disposes of something asynchronously', async (t) => {
  const functions = suspendPoints('async function f() { await using a = b; await 1 }', 'script')
  t.equal(functions?.get(16)?.points, undefined)
})

t.test('says nothing of what is no JavaScript', async (t) => {
  t.equal(suspendPoints('const a: number = 1', 'script'), undefined)
  t.ok(suspendPoints('#!/usr/bin/env node\nreturn 1', 'script'))
})

/** Where V8 has the function begin. */
function startOf(source: string): number {
  const isArrow = !source.includes('function')
  if (!isArrow || source.startsWith('function')) return source.indexOf('(')
  return source.startsWith('async function') ? source.indexOf('(') : 'async '.length
}

// What a hostile sender may put in the place of anything, and JSON text that is damaged with it.
import fc from 'fast-check'

/**
 * The same cases in every run, unless PPROFD_FUZZ_SEED says another seed; PPROFD_FUZZ_RUNS=20 makes
 * twenty times as many.
 */
export const seed = Number(process.env.PPROFD_FUZZ_SEED ?? 20_260_901)
const factor = Number(process.env.PPROFD_FUZZ_RUNS ?? 1)

export function runs(count: number): { readonly seed: number; readonly numRuns: number } {
  return { seed, numRuns: count * factor }
}

/** Text that means something to a terminal, a page, a shell, a log, a prototype or a parser. */
const awkwardTexts = [
  '',
  ' ',
  '\0',
  '\n',
  '\r\nX-Injected: 1',
  '\x1b[2J\x1b]0;owned\x07',
  '\u009b31m',
  '\ud800',
  '\u202eevil\u2066',
  '\u2028',
  '\ufeff',
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  '](javascript:alert(1))',
  '| a | b |\n|---|---|',
  '$(touch /x)',
  '../../../../etc/passwd',
  'file:///etc/passwd',
  'http://evil.example/a.js',
  'data:text/html,<b>',
  '__proto__',
  'constructor',
  'toString',
  '(root)',
  '(idle)',
  '(program)',
  '(garbage collector)',
  'a;b 1',
  'NaN',
  'x'.repeat(5000),
] as const

export const text = (): fc.Arbitrary<string> =>
  fc.oneof(
    fc.constantFrom(...awkwardTexts),
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.string({ maxLength: 20 }),
  )

/** Texts in JSON that JSON.stringify never writes. */
const rawNumbers = ['1e999', '-1e999', '-0', '1E400', '0.1e-400', '123456789012345678901234567890']
const rawMark = '@raw:'

const number = (): fc.Arbitrary<unknown> =>
  fc.oneof(
    fc.constantFrom(
      -1,
      0,
      1,
      2,
      0.5,
      -0.5,
      2 ** 31,
      -(2 ** 31) - 1,
      2 ** 32,
      2 ** 53,
      2 ** 64,
      1e308,
    ),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(...rawNumbers.map((raw) => `${rawMark}${raw}`)),
  )

export const value = (): fc.Arbitrary<unknown> =>
  fc.oneof(
    number(),
    text(),
    fc.constantFrom(null, true, false, [], {}, [[]], { __proto__: null }),
    fc.jsonValue({ maxDepth: 3 }),
  )

/** One change somewhere in a JSON value; `at` counts its places, modulo their number. */
export interface Damage {
  readonly at: number
  readonly how: 'replace' | 'remove' | 'repeat' | 'add'
  readonly value: unknown
}

export const damage = (): fc.Arbitrary<Damage> =>
  fc.record({
    at: fc.nat(),
    how: fc.constantFrom('replace', 'replace', 'replace', 'remove', 'repeat', 'add'),
    value: value(),
  })

/** Its JSON text after the changes. */
export function damaged(original: unknown, damages: readonly Damage[]): string {
  const box = { it: structuredClone(original) }
  for (const change of damages) apply(box, change)
  return jsonText(box.it)
}

/** Numbers that JSON.stringify cannot write are written, too. */
export function jsonText(something: unknown): string {
  const json = JSON.stringify(something) ?? 'null'
  return json.replace(/"@raw:([^"]*)"/g, '$1')
}

function apply(box: { it: unknown }, { at, how, value: given }: Damage): void {
  // Nothing is there twice, or damage in it would make a circle.
  const value = structuredClone(given)
  const places = placesOf(box)
  const place = places[at % places.length]
  if (place === undefined) return
  const [holder, key] = place
  if (how === 'replace') Reflect.set(holder, key, value)
  else if (how === 'add' && isObject(holder[key])) Object.assign(holder[key], { added: value })
  else if (Array.isArray(holder) && how === 'remove') holder.splice(Number(key), 1)
  else if (Array.isArray(holder) && how === 'repeat')
    holder.push(structuredClone(holder[Number(key)]))
  else if (how === 'remove') Reflect.deleteProperty(holder, key)
}

type Holder = Record<string, unknown>

function placesOf(root: object): [Holder, string][] {
  const places: [Holder, string][] = []
  const waiting: object[] = [root]
  for (let holder = waiting.pop(); holder !== undefined; holder = waiting.pop()) {
    for (const [key, child] of Object.entries(holder)) {
      places.push([holder as Holder, key])
      if (isObject(child)) waiting.push(child)
    }
  }
  return places
}

function isObject(something: unknown): something is object {
  return typeof something === 'object' && something !== null
}

/** Beside ajv: the same verdicts, the same defaults, and the same one named first. */
import assert from 'node:assert/strict'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import t from 'tap'
import { configSchema } from '../../src/config/schema.ts'
import { schemaMismatches } from '../../src/config/schema-mismatches.ts'

const formats = {
  'listen-address': (text: string) => text.startsWith('127.'),
  'regular-expression': (text: string) => !text.includes('('),
}

const ajv = new Ajv({ useDefaults: true, allErrors: true, verbose: true, allowUnionTypes: true })
ajv.addVocabulary(['allowed'])
for (const [name, validate] of Object.entries(formats)) ajv.addFormat(name, validate)
const validate = ajv.compile(configSchema)
/** What a message names rather than what comes first. */
const telling = ['additionalProperties', 'type']

const targets = [
  { name: 'api', pid: 1 },
  { name: 'é', pidFile: '/run/x.pid', port: 0 },
  { name: 'a b', match: '(' },
  { pid: '12' },
]
const rules = [
  { name: 'busy', when: { cpu: 0.5 }, do: ['profile'], targets: ['api', 'api'] },
  { name: '.x', when: {}, do: [] },
  { name: 'two', when: { cpu: 1, restarts: 2 }, do: ['nothing'], match: '' },
]
/** What stands somewhere in a configuration, right or wrong. */
const value = fc.oneof(
  fc.constantFrom<unknown>(null, true, 'own', '0600', '127.0.0.1:1', '/x', '', 'x'.repeat(1001)),
  fc.constantFrom<unknown>(0, -1, 1, 1.5, 1e12, Number.NaN, Number.POSITIVE_INFINITY),
  fc.constantFrom<unknown>([], {}, ['root', 'root'], [7, 'x'], [null], { nothing: 1 }),
  fc.subarray<unknown>(targets),
  fc.subarray<unknown>(rules),
)
const paths = [...keyPaths(configSchema)]
const tree = fc
  .array(fc.tuple(fc.constantFrom(...paths, ['unknown'], ['limits', 'constructor']), value))
  .map((entries) => {
    const values: Record<string, unknown> = {}
    for (const [[first = '', second], one] of entries) {
      if (second === undefined) values[first] = one
      else values[first] = { ...Object(values[first]), [second]: one }
    }
    return values
  })

t.test('a configuration has the defaults, the verdict and the first mismatch of ajv', (t) => {
  let refused = 0
  const property = fc.property(tree, (values) => {
    const ours = structuredClone(values)
    const theirs = structuredClone(values)
    const verdict = ourVerdict(ours)
    assert.deepStrictEqual(verdict, ajvVerdict(theirs))
    assert.deepStrictEqual(ours, theirs)
    if (verdict !== undefined) refused++
  })
  const runs = 2000
  fc.assert(property, { numRuns: runs })
  t.ok(refused > runs / 50 && refused < runs - runs / 50, `${refused} refused`)
  t.end()
})

t.test('a keyword that nothing checks is refused', (t) => {
  const schema = { type: 'string', contentEncoding: 'base64' }
  t.throws(() => schemaMismatches(schema, 'x', {}), /contentEncoding/)
  t.end()
})

t.test('lengths are of code points', (t) => {
  const schema = { type: 'string', maxLength: 1 }
  t.same(schemaMismatches(schema, '😀', {}), [])
  t.match(schemaMismatches(schema, 'ab', {}), [{ keyword: 'length' }])
  t.end()
})

function* keyPaths(schema: object): Generator<readonly string[]> {
  for (const [key, child] of Object.entries(Object(Reflect.get(schema, 'properties')))) {
    yield [key]
    for (const inner of Object.keys(Object(Reflect.get(Object(child), 'properties')))) {
      yield [key, inner]
    }
  }
}

/** Where a wrong type or an unknown key comes first, as messages name it; undefined: all is right. */
interface Verdict {
  readonly path: string
  readonly schema: unknown
  readonly key: string | undefined
}

function ourVerdict(values: unknown): Verdict | undefined {
  const wrong = schemaMismatches(configSchema, values, formats)
  const first = wrong.find(({ keyword }) => telling.includes(keyword)) ?? wrong[0]
  if (first === undefined) return undefined
  const path = first.path.map((key) => `/${key}`).join('')
  return { path, schema: first.schema, key: first.property }
}

function ajvVerdict(values: unknown): Verdict | undefined {
  if (validate(values)) return undefined
  const wrong = (validate.errors ?? []).filter(({ schemaPath }) => !/\/oneOf\/\d/.test(schemaPath))
  const first = wrong.find(({ keyword }) => telling.includes(keyword)) ?? wrong[0]
  if (first === undefined) return undefined
  const { additionalProperty, missingProperty } = first.params
  return {
    path: first.instancePath,
    schema: first.parentSchema,
    key: additionalProperty ?? missingProperty,
  }
}

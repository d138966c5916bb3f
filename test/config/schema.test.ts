import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import t from 'tap'
import type { Settings } from '../../src/config/config.ts'
import { loadConfig } from '../../src/config/load-config.ts'
import type { SchemaNode } from '../../src/config/options.ts'
import { configSchema } from '../../src/config/schema.ts'
import { defaultConfig } from './default-config.ts'
import { optionRows, ruleRows, targetRows } from './documented-rows.ts'
import type { Equal, FromSchema } from './from-schema.ts'

const root = join(import.meta.dirname, '../..')
const shipped = readFileSync(join(root, 'config/pprofd.yaml'), 'utf8')
const reference = readFileSync(join(root, 'docs/configuration.md'), 'utf8')

/** Does not compile where config.ts and schema.ts disagree. */
const typesAgree: Equal<Settings, FromSchema<typeof configSchema>> = true

t.test('every option and section has a description', (t) => {
  t.ok(typesAgree)
  for (const [key, { description }] of allKeys(configSchema)) {
    t.match(description, /^[A-Z].*\.$/s, key)
  }
  t.end()
})

t.test('the schema is JSON Schema', (t) => {
  const ajv = new Ajv()
  t.ok(ajv.validateSchema(configSchema), ajv.errorsText())
  t.end()
})

t.test('the shipped file says the defaults', async (t) => {
  const file = join(root, 'config/pprofd.yaml')
  t.strictSame(await loadConfig({ file, env: {} }), defaultConfig)
})

t.test('the shipped file shows every option, with its default or commented out', (t) => {
  for (const [key, node] of allKeys(configSchema)) {
    const isScalar = ['string', 'number', 'boolean'].includes(typeof node.default)
    const value = isScalar && !['enabled', 'signal'].includes(key) ? `: "?${node.default}` : ':'
    t.match(shipped, new RegExp(`^[ #]*(- )?${key}${value.replaceAll('.', '\\.')}`, 'm'), key)
  }
  t.end()
})

t.test('the examples of the shipped file are valid once they are uncommented', async (t) => {
  const text = shipped
    .replace(/^(targets|rules): \[\]\n/gm, '')
    .replace(/^#(?=\w| {2,}(-|\w+:))/gm, '')
  const file = join(t.testdir({ 'c.yaml': text }), 'c.yaml')
  const { targets, defaultTarget } = await loadConfig({ file, env: {} })
  t.same(
    targets.map(({ name }) => name),
    ['api', 'jobs', 'gateway', 'repl', 'debugged', 'payments', 'billing'],
  )
  t.equal(defaultTarget, 'api')
})

t.test('the reference has exactly the row of every option', (t) => {
  const rows = reference.split('\n').filter((line) => line.startsWith('| `'))
  // The formatter pads the cells.
  const unpadded = (row: string) => row.replace(/ +/g, ' ')
  t.same(rows.map(unpadded), [...optionRows(), ...targetRows(), ...ruleRows()].map(unpadded))
  t.end()
})

t.test('the example of the reference is valid', async (t) => {
  const [, text = ''] = /```yaml run\n(targets:.*?)```/s.exec(reference) ?? []
  const file = join(t.testdir({ 'c.yaml': text }), 'c.yaml')
  t.equal((await loadConfig({ file, env: {} })).targets.length, 3)
})

function* allKeys(schema: SchemaNode): Generator<[key: string, node: SchemaNode]> {
  for (const [key, node] of Object.entries(schema.properties ?? {})) {
    yield [key, node]
    yield* allKeys(node)
    if (typeof node.items === 'object') yield* allKeys({ ...node.items })
  }
}

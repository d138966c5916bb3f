/**
 * The check of values against schema.ts. ajv makes code of a schema, 55 ms of each start and 8 MB of memory that
 * nobody needs afterwards; so what is built has that code in this module's place (scripts/validator-code.mjs).
 */
import { Ajv, type CodeOptions, type ValidateFunction } from 'ajv'
import type { Settings } from './config.ts'
import { configSchema } from './schema.ts'
import { settingsFormats } from './settings-formats.ts'

export const validateSettings: ValidateFunction<Settings> =
  settingsAjv().compile<Settings>(configSchema)

export function settingsAjv(code: CodeOptions = {}): Ajv {
  const ajv = new Ajv({
    useDefaults: true,
    allErrors: true,
    verbose: true,
    allowUnionTypes: true,
    // A test checks the schema itself.
    meta: false,
    validateSchema: false,
    code,
  })
  ajv.addVocabulary(['allowed'])
  for (const [name, hasFormat] of Object.entries(settingsFormats)) ajv.addFormat(name, hasFormat)
  return ajv
}

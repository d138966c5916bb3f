/** The rows that docs/configuration.md must have, made from the schema. */
import { overridableOptions, type SchemaNode } from '../../src/config/options.ts'
import { configSchema } from '../../src/config/schema.ts'

export function optionRows(): readonly string[] {
  return overridableOptions().map(({ key, keyPath, environment, flag, description }) => {
    const node = keyPath.reduce<SchemaNode>((n, k) => n.properties?.[k] ?? {}, configSchema)
    return row([
      code(key),
      typeOf(node),
      byDefault(node),
      code(environment),
      code(`--${flag}`),
      description,
    ])
  })
}

export function targetRows(): readonly string[] {
  return rowsOf(configSchema.properties.targets.items.properties, '')
}

export function ruleRows(): readonly string[] {
  return rowsOf(configSchema.properties.rules.items.properties, '')
}

function rowsOf(
  properties: Readonly<Record<string, SchemaNode>>,
  prefix: string,
): readonly string[] {
  return Object.entries(properties).flatMap(([key, node]) =>
    node.properties === undefined
      ? [row([code(prefix + key), typeOf(node), byDefault(node), node.description ?? ''])]
      : rowsOf(node.properties, `${prefix}${key}.`),
  )
}

function typeOf({ type, enum: choices, minimum, maximum, items }: SchemaNode): string {
  if (type === 'array') return `list of ${typeOf(items as SchemaNode)}`
  if (choices !== undefined) return choices.map(code).join(' ')
  if (type === 'integer' || type === 'number') return `${minimum} to ${maximum}`
  return type === 'boolean' ? '`true` `false`' : 'text'
}

function byDefault(node: SchemaNode): string {
  return node.default === undefined ? '' : code(String(node.default))
}

function code(text: string): string {
  return `\`${text}\``
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

/** The part of JSON Schema that schema.ts uses (https://json-schema.org/draft-07), plus `allowed`. */
export interface SchemaNode {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly default?: unknown
  /** What a pattern or format means, in words. */
  readonly allowed?: string
  readonly enum?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly format?: string
  readonly items?: SchemaNode
  readonly minItems?: number
  readonly maxItems?: number
  readonly uniqueItems?: boolean
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly additionalProperties?: boolean
  readonly required?: readonly string[]
  readonly minProperties?: number
  readonly maxProperties?: number
  /** Of each only `required` is read. */
  readonly oneOf?: readonly { readonly required: readonly string[] }[]
}

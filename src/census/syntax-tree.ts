/** The few questions that are asked of every node of acorn's tree (ESTree). */
import type { Node } from 'acorn'

/** Its other members depend on its type. */
export type AnyNode = Node & { readonly [key: string]: unknown }

export function isNode(value: unknown): value is AnyNode {
  return typeof (value as AnyNode | null)?.type === 'string'
}

export function isFunction({ type }: AnyNode): boolean {
  return /^(Function|ArrowFunction)/.test(type)
}

/** What V8 knows at once: literals and their negation, as minifiers write true and false. */
export function truth(value: unknown): boolean | undefined {
  if (!isNode(value)) return undefined
  if (value.type === 'Literal' && value.regex === undefined) return Boolean(value.value)
  if (value.type !== 'UnaryExpression' || value.operator !== '!') return undefined
  const negated = truth(value.argument)
  return negated === undefined ? undefined : !negated
}

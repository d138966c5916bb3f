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

/** Which ways a test may go, as V8 sees it: what is behind `1 ||` is not looked at. */
export function outcomes(value: unknown): { readonly isTrue: boolean; readonly isFalse: boolean } {
  const known = truth(value)
  if (known !== undefined) return { isTrue: known, isFalse: !known }
  const both = { isTrue: true, isFalse: true }
  if (!isNode(value)) return both
  if (value.type === 'UnaryExpression' && value.operator === '!') {
    const { isTrue, isFalse } = outcomes(value.argument)
    return { isTrue: isFalse, isFalse: isTrue }
  }
  const left = value.type === 'LogicalExpression' ? truth(value.left) : undefined
  if (left === undefined) return both
  if (skipsRight(value)) return { isTrue: left, isFalse: !left }
  return outcomes(value.right)
}

/** Whether what is on the left of `&&`, `||` or `??` is known, so that V8 does not look at the right. */
export function skipsRight({ operator, left }: AnyNode): boolean {
  const known = truth(left)
  if (operator !== '??') return known === (operator === '||')
  return known !== undefined && (left as AnyNode).raw !== 'null'
}

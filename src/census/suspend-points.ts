/**
 * Where in a source the suspend points of its functions are, in V8's numbering: the order in which its
 * bytecode generator (interpreter/bytecode-generator.cc) comes to them. That is evaluation order, but
 * a loop's update comes after its body, a switch compares all its cases before it runs any, and code
 * that cannot be reached is left out.
 */
import { type Node, parse } from 'acorn'
import { PointWalk } from './point-walk.ts'
import type { SourceFunctions } from './source-function.ts'
import type { AnyNode } from './syntax-tree.ts'

/** Undefined where it is no JavaScript, such as TypeScript before its types are taken off. */
export function suspendPoints(
  source: string,
  sourceType: 'script' | 'module',
): SourceFunctions | undefined {
  try {
    const program = parse(source, {
      ecmaVersion: 'latest',
      sourceType,
      allowReturnOutsideFunction: true,
      allowSuperOutsideMethod: true,
      allowHashBang: true,
    })
    return new PointWalk(source).module(program as Node as AnyNode)
  } catch {
    return undefined
  }
}

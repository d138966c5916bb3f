/**
 * Where a script writes the name of a function: maps tell the original name of an identifier, but V8
 * says where the function starts, which is at its `(`, or at the first token of an arrow function.
 */

export interface DefinedName {
  /** UTF-16 units from the function's start to the identifier; negative before it. */
  readonly offset: number
}

// Beyond ASCII every character counts as a letter: V8 takes 20 ms to compile \p{ID_Continue}.

/** Before the function's start: `name = async function* `, `name: (`, `name ||= `. */
const assigned =
  /([\w$#\u0080-\uffff]+)\s*(?:\?\?|\|\||&&)?[=:]\s*\(*\s*(?:async\s*)?(?:function\s*\*?\s*)?$/

const identifier = /^[A-Za-z_$#\u0080-\uffff][\w$\u0080-\uffff]*$/

/** Text that is part of an identifier, so that `n` is not found in `then`. */
const identifierEnd = /[\w$#\u0080-\uffff]$/

/**
 * `before` and `after` are the script's text up to and from the function's start, `functionName` is
 * V8's. Undefined where the script does not write that name there, as for names that V8 infers.
 */
export function definedName(
  before: string,
  after: string,
  functionName: string,
): DefinedName | undefined {
  const name = ownName(functionName)
  if (!identifier.test(name)) return undefined
  const head = before.trimEnd()
  if (endsWithName(head, name)) return { offset: head.length - name.length - before.length }
  const isConstructor = head.endsWith('constructor')
  if (isConstructor) return className(before, name)
  const own = /^class\s+/.exec(after)
  if (own && startsWithName(after.slice(own[0].length), name)) return { offset: own[0].length }
  const match = assigned.exec(before)
  if (match?.[1] !== name) return undefined
  return { offset: match.index - before.length }
}

/** Without what V8 adds: `get name`, `exports.name`, `Shop.name`. */
function ownName(functionName: string): string {
  return functionName.slice(
    Math.max(functionName.lastIndexOf(' '), functionName.lastIndexOf('.')) + 1,
  )
}

/** The nearest `class Name` or `Name = class` before a constructor. */
function className(before: string, name: string): DefinedName | undefined {
  const escaped = name.replaceAll('$', '\\$')
  const pattern = new RegExp(
    `(?<=class\\s+)${escaped}(?=[\\s{])|(?<![\\w$#\\u0080-\\uffff])${escaped}(?=\\s*=\\s*class[\\s{])`,
    'g',
  )
  let found: number | undefined
  for (const match of before.matchAll(pattern)) found = match.index
  return found === undefined ? undefined : { offset: found - before.length }
}

function endsWithName(text: string, name: string): boolean {
  return text.endsWith(name) && !identifierEnd.test(text.slice(0, text.length - name.length))
}

function startsWithName(text: string, name: string): boolean {
  return text.startsWith(name) && !/^[\w$\u0080-\uffff]/.test(text.slice(name.length))
}

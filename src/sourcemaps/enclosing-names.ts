/**
 * Where a script writes the names of the functions and classes that a position is in: stacks tell
 * where a call is, not where its function starts.
 */
import { codeMarks } from './code-marks.ts'

export interface EnclosingName {
  /** Which part of the function's name, as `nameParts` gives them. */
  readonly part: number
  /** Index of the identifier in the text. */
  readonly at: number
}

/** Longer ones are nobody's name. */
const maxNameLength = 512

/** More definitions of one name so near are those of a script that was made to keep us busy. */
const maxCandidates = 16

/** `e` and `n` of `new e.n [as add]`; empty where the name is none of identifiers. */
export function nameParts(functionName: string): readonly string[] {
  if (functionName.length > maxNameLength) return []
  const parts = (decorated.exec(functionName)?.[2] ?? '').split('.')
  return parts.every((part) => identifier.test(part)) ? parts : []
}

/** The name with other parts. */
export function withParts(functionName: string, parts: readonly string[]): string {
  const [, before = '', , after = ''] = decorated.exec(functionName) ?? []
  return `${before}${parts.join('.')}${after}`
}

const decorated = /^((?:(?:async|new) )*)(.*?)( \[as [^\]]*\])?$/s

/** `before`: the script's text up to the position. What is not found there has no entry. */
export function enclosingNames(before: string, functionName: string): readonly EnclosingName[] {
  const parts = nameParts(functionName)
  return parts.flatMap((name, part) => {
    const isFunction = part === parts.length - 1
    const at = definitions(before, name).find(
      ({ form, bodyFrom }) => (isFunction || form === 'class') && isInBody(before, bodyFrom, form),
    )?.at
    return at === undefined ? [] : [{ part, at }]
  })
}

const identifier = /^[A-Za-z_$#\u0080-\uffff][\w$\u0080-\uffff]*$/

type Form = 'class' | 'function' | 'method' | 'arrow'

interface Definition {
  readonly at: number
  readonly form: Form
  /** Index at which its parameters, or what a class extends, begin. */
  readonly bodyFrom: number
}

/** The nearest first. */
function definitions(before: string, name: string): readonly Definition[] {
  const pattern = new RegExp(
    `(?<![\\w$#\\u0080-\\uffff])${name.replaceAll('$', '\\$')}(?=\\s*[({=:]|\\s+extends\\b)`,
    'g',
  )
  const found = Array.from(before.matchAll(pattern), ({ index }) => index)
  return found
    .slice(-maxCandidates)
    .reverse()
    .flatMap((at) => definitionAt(before, at, at + name.length))
}

function definitionAt(before: string, at: number, end: number): readonly Definition[] {
  const head = before.slice(Math.max(0, at - 64), at)
  if (/\bclass\s+$/.test(head)) return [{ at, form: 'class', bodyFrom: end }]
  if (/\bfunction\s*\*?\s*$/.test(head)) return [{ at, form: 'function', bodyFrom: end }]
  const value = /^\s*(?:=(?![=>])|:)\s*(?:async\b\s*)?(class\b|function\b)?/.exec(
    before.slice(end, end + 256),
  )
  if (value) {
    const form = value[1] === 'class' || value[1] === 'function' ? value[1] : 'arrow'
    return [{ at, form, bodyFrom: end + value[0].length }]
  }
  return /^\s*\(/.test(before.slice(end, end + 64)) ? [{ at, form: 'method', bodyFrom: end }] : []
}

/** Whether the text ends in the body of the definition. */
function isInBody(text: string, bodyFrom: number, form: Form): boolean {
  let state: 'head' | 'block' | 'expression' = 'head'
  let depth = 0
  for (const { text: mark, end } of codeMarks(text, bodyFrom)) {
    if (mark === '(' || mark === '[' || mark === '{') {
      if (mark === '{' && depth === 0 && state === 'head') {
        if (form === 'arrow') return false
        state = 'block'
      }
      depth++
      continue
    }
    if (mark === '=>') {
      if (form !== 'arrow' || depth > 0 || state !== 'head') continue
      form = 'function'
      if (!/^\s*\{/.test(text.slice(end, end + 64))) state = 'expression'
      continue
    }
    if (mark === ',' || mark === ';') {
      if (depth === 0 && state !== 'block') return false
      continue
    }
    depth--
    if (depth < 0 || (depth === 0 && state === 'block')) return false
    const isParameters = depth === 0 && state === 'head' && mark === ')'
    if (isParameters && !/^\s*(?:\{|=>)/.test(text.slice(end, end + 64))) return false
  }
  return state !== 'head'
}

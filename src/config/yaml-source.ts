/**
 * A configuration text as YAML 1.2 (https://yaml.org/spec/1.2.2/). Whatever the text holds, reading
 * it takes bounded time and memory, and every complaint can name its line.
 */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  visit,
} from 'yaml'
import { InputError } from '../errors.ts'

export interface YamlSource {
  /** What the text says, unchecked; `{}` for an empty one. */
  readonly values: Record<string, unknown>
  /** Line of the key or list entry at this path, counted from 1; else of its nearest parent. */
  lineOf(path: readonly string[]): number
}

/** Parses `text`; throws InputError config-invalid that names `file` and the line. */
export function parseYaml(text: string, file: string): YamlSource {
  const lines = new LineCounter()
  const fail = (offset: number, problem: string): never => {
    const { line } = lines.linePos(offset)
    throw new InputError('config-invalid', `${file}:${Math.max(line, 1)}: ${problem}`)
  }
  const document = parseDocument(text, {
    lineCounter: lines,
    // The parser's own search for duplicate keys takes quadratic time.
    uniqueKeys: false,
    stringKeys: true,
    prettyErrors: false,
    logLevel: 'error',
  })
  const [problem] = [...document.errors, ...document.warnings]
  if (problem !== undefined) fail(problem.pos[0], syntaxProblem(problem.code, problem.message))
  const unwanted = findUnwanted(document)
  if (unwanted !== undefined) fail(unwanted.offset, unwanted.problem)
  const values: unknown = document.toJS() ?? {}
  if (!isRecord(values)) return fail(0, 'the top level must be a mapping, such as enabled: true')
  return { values, lineOf: (path) => lines.linePos(offsetOf(document, path)).line }
}

function syntaxProblem(code: string, message: string): string {
  if (code === 'MULTIPLE_DOCS') return 'a second YAML document begins here, but only one is read'
  if (message.startsWith('Maximum call stack')) return 'the YAML is nested too deeply'
  // The parser quotes the text, of any length and with its line breaks.
  const sentence = message.replace(/\s+/g, ' ').slice(0, 200)
  return `this is not valid YAML: ${sentence}`
}

/** Duplicate keys, and aliases: a few nested ones multiply to more than memory holds. */
function findUnwanted(document: Document.Parsed): { offset: number; problem: string } | undefined {
  let found: { offset: number; problem: string } | undefined
  visit(document, {
    Alias(_, alias) {
      const problem = `the alias *${alias.source.slice(0, 60)} is not read; write the value out`
      found = { offset: startOf(alias) ?? 0, problem }
      return visit.BREAK
    },
    Map(_, map) {
      const seen = new Set<string>()
      for (const { key } of map.items) {
        const name = keyName(key)
        if (seen.has(name)) {
          const problem = `the key ${JSON.stringify(name.slice(0, 60))} is there twice`
          found = { offset: startOf(key) ?? 0, problem }
          return visit.BREAK
        }
        seen.add(name)
      }
      return undefined
    },
  })
  return found
}

function offsetOf(document: Document.Parsed, path: readonly string[]): number {
  let node: unknown = document.contents
  let offset = startOf(node) ?? 0
  for (const segment of path) {
    const pair: Pair | undefined = isMap(node)
      ? node.items.find(({ key }) => keyName(key) === segment)
      : undefined
    node = isSeq(node) ? node.items[Number(segment)] : pair?.value
    offset = startOf(pair?.key) ?? startOf(node) ?? offset
  }
  return offset
}

function keyName(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key)
}

function startOf(node: unknown): number | undefined {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range?.[0] : undefined
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

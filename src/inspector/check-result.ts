/**
 * Whether an answer has the form that its command's answers have. The types of protocol.ts are only what
 * a real Node would send; whoever reads an answer may rely on what is checked here, and must judge the rest.
 */
import type { Method } from './protocol.ts'

type Json = Readonly<Record<string, unknown>>

const forms: ReadonlyMap<string, (result: Json) => boolean> = new Map<
  Method,
  (result: Json) => boolean
>([
  ['Runtime.evaluate', ({ result }) => isObject(result)],
  ['Runtime.callFunctionOn', ({ result }) => isObject(result)],
  [
    'Runtime.getProperties',
    ({ result, internalProperties = [] }) => isList(result) && isList(internalProperties),
  ],
  ['Runtime.queryObjects', ({ objects }) => isObject(objects)],
  ['Runtime.getHeapUsage', ({ usedSize, totalSize }) => isSize(usedSize) && isSize(totalSize)],
])

export function isUsable(method: Method, result: unknown): boolean {
  return isObject(result) && (forms.get(method)?.(result) ?? true)
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isList(value: unknown): boolean {
  return Array.isArray(value) && value.every(isObject)
}

function isSize(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

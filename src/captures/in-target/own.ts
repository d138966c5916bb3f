/** Runs in the target, see target-source.ts: looking at its objects without running any code of theirs. */

/** The value of an own data property; never calls a getter. */
export function own(object: unknown, key: PropertyKey): unknown {
  const isObject = typeof object === 'object' || typeof object === 'function'
  if (!isObject || object === null) return undefined
  const descriptor = Reflect.getOwnPropertyDescriptor(object, key)
  return descriptor !== undefined && 'value' in descriptor ? descriptor.value : undefined
}

/** Of a symbol property whose symbol only Node's own modules have. */
export function ownSymbol(object: unknown, ...descriptions: readonly string[]): unknown {
  if (typeof object !== 'object' || object === null) return undefined
  const symbol = Object.getOwnPropertySymbols(object).find(({ description }) =>
    descriptions.includes(description ?? ''),
  )
  return symbol === undefined ? undefined : own(object, symbol)
}

export function className(object: unknown): string {
  for (let at: unknown = object; typeof at === 'object' && at !== null; ) {
    const name = own(own(at, 'constructor'), 'name')
    if (typeof name === 'string') return name
    at = Object.getPrototypeOf(at)
  }
  return '?'
}

/** Strings of the target end up in answers: bounded. */
export function shortText(value: unknown, maxLength = 200): string {
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : ''
  return text.length > maxLength ? `${text.slice(0, maxLength)}...` : text
}

/** What a promise's executor is given: no name, and no source. */
export function isResolveFunction(value: unknown): boolean {
  return (
    typeof value === 'function' &&
    own(value, 'name') === '' &&
    Function.prototype.toString.call(value) === 'function () { [native code] }'
  )
}

/** The number that Node gives to an operation: of its own symbol property, or by its wrapper's method. */
export function asyncIdOf(object: unknown): number | undefined {
  const known = ownSymbol(object, 'async_id_symbol', 'asyncId')
  if (typeof known === 'number') return known
  const wrapper = own(object, '_handle') ?? object
  if (typeof wrapper !== 'object' || wrapper === null) return undefined
  const ask: unknown = Reflect.get(wrapper, 'getAsyncId')
  const answer: unknown = typeof ask === 'function' ? ask.call(wrapper) : undefined
  return typeof answer === 'number' ? answer : undefined
}

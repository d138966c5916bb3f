/**
 * How alike entries must be to share a bucket. panicparse's levels tell apart what the arguments
 * of calls hold; V8 keeps no arguments, so here they tell apart what an entry waits for.
 *
 * At every level the kind, the state, the creator, the cut of the stack, and the function, file and
 * line of each frame must be the same, and the time waited never matters.
 */
export const similarities = [
  /** Also the thread, the columns, and what it waits for to the letter. */
  'exactflags',
  /** Also what it waits for, to the letter. */
  'exactlines',
  /** Also what it waits for, but for numbers and ids in it: ports, descriptors, milliseconds. Default. */
  'anypointer',
  /** Nothing else: the same place is the same work. */
  'anyvalue',
] as const

export type Similarity = (typeof similarities)[number]

export const defaultSimilarity: Similarity = 'anypointer'

export function isSimilarity(text: string): text is Similarity {
  return (similarities as readonly string[]).includes(text)
}

/** Ids of 8 characters and more that hold a digit (uuids, hashes); numbers, but for lines of files. */
const varying =
  /(?<![\w-])(?=[\w-]*\d)[\w-]{8,}(?![\w-])|(?<!\d|\.[cm]?[jt]sx?:|\.[cm]?[jt]sx?:\d+:)\d+|\*/g

/** The text with a `*` for whatever differs between two of the same. Masking twice changes nothing. */
export function maskVarying(text: string): string {
  return text.replace(varying, '*')
}

/** What two entries of one bucket both wait for: `*` stands for what differs. */
export function mergeWaitsFor(a: string | undefined, b: string | undefined): string | undefined {
  if (a === b) return a
  if (a === undefined || b === undefined || maskVarying(a) !== maskVarying(b)) return '*'
  const others = b.match(varying) ?? []
  let index = 0
  return a.replace(varying, (part) => (part === others[index++] ? part : '*'))
}

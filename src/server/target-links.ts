/** The URLs of a target, as paths below our origin. */
import type { Target } from '../targets/target.ts'

/** Safe as a path segment, in an attribute and between single quotes of a shell. */
export function targetPath({ id }: Pick<Target, 'id'>): string {
  return `/targets/${encodeURIComponent(id).replaceAll("'", '%27')}`
}

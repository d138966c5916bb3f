/** Longer ones are rarely written by hand, but tokens and hashes are. */
const maxLength = 40

/** Whether a property's key looks like a name that somebody wrote rather than like data. */
export function isIdentifier(key: string): boolean {
  return key.length <= maxLength && /^[\p{L}_$#][\p{L}\p{N}_$]*$/u.test(key)
}

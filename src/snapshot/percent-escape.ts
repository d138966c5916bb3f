/**
 * Text that must not hold some characters, so that it can be told apart again: they are written as
 * `%XX`, and so is a `%` that would read as the start of one. Undoing it gives the same text.
 */

/** `unsafe` matches single ASCII characters, with the flag `g`. */
export function percentEscape(text: string, unsafe: RegExp): string {
  return text.replace(/%(?=[\dA-F]{2})/g, '%25').replace(unsafe, (char) => {
    return `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
  })
}

export function percentUnescape(text: string): string {
  return text.replace(/%([\dA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number(`0x${hex}`)))
}

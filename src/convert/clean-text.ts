/** Text of the target, made fit to be shown: it may hold anything. */

/** Control characters, lone surrogates, line separators and what reverses the direction of text. */
const unfit = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu

/** Nearly all names are; looking for this only is quicker. */
const plain = /^[\x20-\x7e]*$/

export function cleanText(text: string): string {
  return plain.test(text) ? text : text.replace(unfit, '\ufffd')
}

const ellipsis = '…'

/** At most that many bytes of UTF-8, the end cut off. */
export function cutEnd(text: string, maxBytes: number): string {
  if (fits(text, maxBytes)) return text
  const bytes = Buffer.from(text)
  if (bytes.length <= maxBytes) return text
  let end = maxBytes - Buffer.byteLength(ellipsis)
  while (end > 0 && isContinuation(bytes[end])) end--
  return bytes.toString('utf8', 0, end) + ellipsis
}

/** At most that many bytes of UTF-8, the start cut off: the end of a path tells more. */
export function cutStart(text: string, maxBytes: number): string {
  if (fits(text, maxBytes)) return text
  const bytes = Buffer.from(text)
  if (bytes.length <= maxBytes) return text
  let start = bytes.length - maxBytes + Buffer.byteLength(ellipsis)
  while (start < bytes.length && isContinuation(bytes[start])) start++
  return ellipsis + bytes.toString('utf8', start)
}

/** For certain: one UTF-16 unit takes three bytes at most. */
function fits(text: string, maxBytes: number): boolean {
  return text.length * 3 <= maxBytes
}

/** Whether the byte continues a character of UTF-8. */
function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80
}

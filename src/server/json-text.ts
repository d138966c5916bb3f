/** JSON as people read it in curl: indented, and nothing in it can drive a terminal or turn text around. */

/** JSON.stringify escapes only what is below U+0020. */
const unfit = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g

export function jsonText(value: object): string {
  const text = JSON.stringify(value, undefined, 2).replace(unfit, escaped)
  return `${text}\n`
}

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
}

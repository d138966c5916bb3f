import { cleanText, cutEnd } from '../convert/clean-text.ts'

/** Engines take more, but index every byte of it. */
const maxBytes = 1024

/** What a target says, as the value of a label: engines want UTF-8, people no control characters. */
export function labelText(text: string): string {
  return cutEnd(cleanText(text), maxBytes)
}

import { cleanText, cutEnd } from './clean-text.ts'

/** Enough of a name to find it, in a cell of a table. */
const maxBytes = 160

/** Text of the target as plain text: no markup, no links, no end of a table's cell. */
export function escapeMarkdown(text: string): string {
  return cutEnd(cleanText(text), maxBytes)
    .replace(/[\\`*_[\]|~#!]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/:\/\//g, ':\\/\\/')
}

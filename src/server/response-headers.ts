/** Headers that every answer carries, whatever its route. */
import { createHash } from 'node:crypto'

/**
 * Go sends nosniff only. The rest keeps other sites from framing, embedding or timing our answers,
 * and keeps profiles, which hold names and paths of the target, out of caches.
 */
export const responseHeaders: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Content-Security-Policy': contentSecurityPolicy(),
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
}

/** Nothing may be loaded or run, except one inline style sheet and one inline script, allowed by their hashes. */
export function contentSecurityPolicy(style?: string, script?: string): string {
  const rules = [
    "default-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ]
  if (style !== undefined) rules.push(`style-src ${hashSource(style)}`)
  if (script !== undefined) rules.push(`script-src ${hashSource(script)}`)
  return rules.join('; ')
}

function hashSource(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}

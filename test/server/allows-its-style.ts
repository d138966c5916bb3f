// What a browser asks before it applies a page's style sheet.
import { createHash } from 'node:crypto'

/** Whether the sha256 of the page's style is in its policy. */
export function allowsItsStyle(answer: {
  body: string
  headers: Record<string, unknown>
}): boolean {
  const style = /<style>(.*)<\/style>/s.exec(answer.body)?.[1] ?? ''
  const hash = createHash('sha256').update(style).digest('base64')
  return String(answer.headers['content-security-policy']).includes(`style-src 'sha256-${hash}'`)
}

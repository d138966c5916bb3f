/** What an engine's answer means for a profile. */
import type { PostAnswer } from './post.ts'

export type Verdict =
  | { readonly is: 'sent' }
  /** It will never be taken. */
  | { readonly is: 'rejected'; readonly words: string }
  /** Nothing of ours is taken until somebody changes something. */
  | { readonly is: 'refused'; readonly words: string }
  | {
      readonly is: 'retry'
      readonly words: string
      readonly afterMs?: number | undefined
    }

export function verdictOf({ status, text, retryAfterMs }: PostAnswer): Verdict {
  if (status >= 200 && status < 300) return { is: 'sent' }
  const words = `${status}${saying(text)}`
  if (status === 401 || status === 403) return { is: 'refused', words }
  if (status >= 300 && status < 400) {
    return { is: 'retry', words: `${status}: a redirect, which is not followed; correct push.url` }
  }
  if (status === 404 || status === 405) {
    const advice = 'push.url or push.format is probably wrong'
    return { is: 'retry', words: `${words}; ${advice}`, afterMs: retryAfterMs }
  }
  if (status === 408 || status === 429 || status >= 500) {
    return { is: 'retry', words, afterMs: retryAfterMs }
  }
  return { is: 'rejected', words }
}

const maxSayingLength = 300

/** Of an engine, which is as foreign as a target. */
function saying(text: string): string {
  const words = text
    .replace(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
    .slice(0, maxSayingLength)
  return words === '' ? '' : `: ${words}`
}

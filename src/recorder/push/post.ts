/** One POST to an engine: no redirect followed, no proxy, nothing kept open, an end to everything. */
import { type IncomingMessage, request as plainRequest } from 'node:http'
import { request as tlsRequest } from 'node:https'

export interface PostOptions {
  readonly headers: Readonly<Record<string, string>>
  /** From the first packet to the last byte of the answer. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

export interface PostAnswer {
  readonly status: number
  /** The beginning of its body. */
  readonly text: string
  /** Of the header Retry-After: when to come back, from now. */
  readonly retryAfterMs: number | undefined
}

/** An engine explains itself in a sentence or two. */
const maxAnswerBytes = 4096

/** Rejects where no answer came, with the reason in its message. */
export function post(url: URL, body: string, options: PostOptions): Promise<PostAnswer> {
  const { headers, timeoutMs, signal } = options
  const bytes = Buffer.from(body)
  const request = url.protocol === 'https:' ? tlsRequest : plainRequest
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        'Content-Length': bytes.byteLength,
        'User-Agent': 'pprofd',
        ...headers,
      },
      agent: false,
      signal,
    })
    const timer = setTimeout(() => {
      sent.destroy(new Error(`no answer within ${timeoutMs / 1000} s`))
    }, timeoutMs)
    let hasAnswer = false
    sent.on('response', (answer) => {
      hasAnswer = true
      void readAnswer(answer).then(resolve)
    })
    // Too late where the answer has begun: then its status says more.
    sent.on('error', (error) => {
      if (!hasAnswer) reject(reasonOf(error))
    })
    sent.on('close', () => clearTimeout(timer))
    sent.end(bytes)
  })
}

async function readAnswer(answer: IncomingMessage): Promise<PostAnswer> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of answer) {
      chunks.push(chunk)
      length += chunk.length
      // Leaving the loop ends the connection.
      if (length >= maxAnswerBytes) break
    }
  } catch {
    // Cut off: what counts is its head.
  }
  const text = Buffer.concat(chunks).subarray(0, maxAnswerBytes).toString('utf8')
  const retryAfterMs = readRetryAfter(answer.headers['retry-after'])
  return { status: answer.statusCode ?? 0, text, retryAfterMs }
}

/** Seconds or a date: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after */
export function readRetryAfter(value: string | undefined, nowMs = Date.now()): number | undefined {
  if (value === undefined) return undefined
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000
  const atMs = Date.parse(value)
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs)
}

/** A refused connection to a name with several addresses is an AggregateError without words. */
function reasonOf(error: Error): Error {
  if (error.message !== '') return error
  const code = 'code' in error ? String(error.code) : error.name
  return new Error(code, { cause: error })
}

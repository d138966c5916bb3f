/**
 * An answer that is written while it comes into being. Once its first byte is out, no error can be
 * told any more: `cut` ends the connection instead, so that nobody takes a part for the whole.
 */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Writable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { Encoder } from './content-encoding.ts'
import type { Outbox } from './outbox.ts'

export interface StreamedAnswerOptions {
  readonly encoder: Encoder | undefined
  readonly outbox: Outbox
}

export class StreamedAnswer {
  readonly #reply: FastifyReply
  readonly #raw: ServerResponse
  readonly #encoder: Encoder | undefined
  readonly #outbox: Outbox

  constructor(reply: FastifyReply, { encoder, outbox }: StreamedAnswerOptions) {
    this.#reply = reply
    this.#raw = reply.raw
    this.#encoder = encoder
    this.#outbox = outbox
  }

  get hasBegun(): boolean {
    return this.#reply.sent
  }

  /** Sends the head, with what fastify has collected so far. */
  begin(headers: OutgoingHttpHeaders): void {
    this.#reply.hijack()
    const encoding = this.#encoder && { 'Content-Encoding': this.#encoder.name }
    this.#reply.headers({ ...headers, ...encoding })
    for (const [name, value] of Object.entries(this.#reply.getHeaders())) {
      if (value !== undefined) this.#raw.setHeader(name, value)
    }
    // A client that has left is reported by `abortOnDisconnect`; a write that crosses it is nobody's.
    for (const stream of [this.#raw, this.#sink]) stream.on('error', () => {})
    this.#raw.writeHead(200)
    this.#encoder?.stream.pipe(this.#raw)
  }

  /** A promise where the client is slower than that: it resolves when there is room again, or nobody. */
  write(chunk: Uint8Array): Promise<void> | undefined {
    if (this.#sink.write(chunk)) return undefined
    return this.#held(chunk.length, (done) => {
      this.#sink.once('drain', done)
      return () => this.#sink.off('drain', done)
    })
  }

  /** Sends what the compression holds back for more to come. */
  flush(): void {
    const stream = this.#encoder?.stream
    if (stream && 'flush' in stream && typeof stream.flush === 'function') stream.flush()
  }

  /** Resolves when all of it is sent, or the client has left. */
  async end(trailers: Readonly<Record<string, string>>): Promise<void> {
    if (this.#raw.destroyed) return
    this.#raw.addTrailers(trailers)
    await this.#held(this.#sink.writableLength + this.#raw.writableLength, (done) => {
      this.#raw.once('finish', done)
      this.#sink.end()
      return () => this.#raw.off('finish', done)
    })
  }

  cut(): void {
    this.#encoder?.stream.destroy()
    this.#raw.destroy()
  }

  /** Waits for the client, which loses its answer where that takes too long. */
  async #held(sizeBytes: number, wait: (done: () => void) => () => void): Promise<void> {
    if (this.#raw.destroyed) return
    const release = this.#outbox.hold(this.#raw, sizeBytes)
    let forget = () => {}
    await new Promise<void>((resolve) => {
      const done = () => {
        forget()
        this.#raw.off('close', done)
        resolve()
      }
      this.#raw.once('close', done)
      // It may be done at once.
      forget = wait(done)
    })
    release()
  }

  get #sink(): Writable {
    return this.#encoder?.stream ?? this.#raw
  }
}

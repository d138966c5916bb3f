/** HTTP requests in a heap, by the fields that Node's classes and undici's have. */
import type { GraphReader } from './graph-reader.ts'

const maxUrlLength = 200

export class HttpRequestLabels {
  readonly #reader: GraphReader
  readonly #withQuery: boolean

  constructor(reader: GraphReader, withQuery: boolean) {
    this.#reader = reader
    this.#withQuery = withQuery
  }

  /** `GET /path` of a request that is being served; a response of another server has no method. */
  served(node: number): string | undefined {
    const method = this.#reader.valueOf(node, 'method')
    const url = this.#reader.valueOf(node, 'url')
    return method === undefined || url === undefined ? undefined : `${method} ${this.#short(url)}`
  }

  /** `GET http://host/path` of a ClientRequest, or of undici's Request. */
  sent(node: number): string | undefined {
    const method = this.#reader.valueOf(node, 'method')
    const path = this.#reader.valueOf(node, 'path', '<symbol kPath>')
    if (method === undefined || path === undefined) return undefined
    return `${method} ${this.#originOf(node)}${this.#short(path)}`
  }

  #originOf(node: number): string {
    const origin = this.#reader.valueOf(node, 'origin')
    if (origin !== undefined) return origin
    // The first two have the port, too; one is since Node 22, the other unknown where V8 has it in pieces.
    const header = this.#reader.valueOf(node, '_header') ?? ''
    const host =
      /^host: ([^\r\n]*)/im.exec(header)?.[1] ??
      this.#reader.valueOf(node, '<symbol kAuthority>') ??
      this.#reader.valueOf(node, 'host')
    if (host === undefined) return ''
    return `${this.#reader.valueOf(node, 'protocol') ?? 'http:'}//${host}`
  }

  #short(url: string): string {
    const shown = this.#withQuery ? url : url.replace(/[?#].*$/s, '')
    return shown.length > maxUrlLength ? `${shown.slice(0, maxUrlLength)}...` : shown
  }
}

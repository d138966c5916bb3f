import type { Handler, ServerContext, TargetRequest } from '../context.ts'

/**
 * GET /debug/pprof/symbol?0x1+0x2, POST with the addresses as body: names of addresses that
 * profiles of this daemon carry, of whatever target. Unknown addresses are left out.
 */
export function symbolHandler({ symbols }: ServerContext): Handler {
  return (request, reply) => {
    const lines = requestedAddresses(request).flatMap((address) => {
      const name = symbols.nameOf(address)
      return name === undefined ? [] : [`0x${address.toString(16)} ${name}\n`]
    })
    // pprof reads any number above 0 as "there are symbols here".
    return reply.type('text/plain; charset=utf-8').send(`num_symbols: 1\n${lines.join('')}`)
  }
}

function requestedAddresses({ method, raw, body }: TargetRequest): readonly number[] {
  const input = method === 'POST' ? bodyText(body) : rawQuery(raw.url ?? '')
  return input.split('+').map(parseAddress)
}

function bodyText(body: unknown): string {
  return body instanceof Uint8Array ? Buffer.from(body).toString('latin1') : ''
}

/** Not decoded, as in Go: `+` is what separates the addresses here. */
function rawQuery(url: string): string {
  const queryAt = url.indexOf('?')
  return queryAt === -1 ? '' : url.slice(queryAt + 1)
}

/** Go's base 0: 0x, 0o, 0b, a leading 0 for octal, else decimal. 0, which is no address, if unreadable. */
function parseAddress(text: string): number {
  if (/^0[0-7]+$/.test(text)) return Number(`0o${text.slice(1)}`)
  return /^(?:0x[0-9a-f]+|0o[0-7]+|0b[01]+|[1-9][0-9]*)$/i.test(text) ? Number(text) : 0
}

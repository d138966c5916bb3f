// What a row of the hostile suite is made of.

/** What comes back, such as `403 kept`: the statuses in order, and what becomes of the connection. */
export type Outcome = `${number} ${'kept' | 'closed'}` | `${number} ${number} ${'kept' | 'closed'}`

/** A name, the bytes that are sent, what comes back, and what the first answer's body says. */
export type HostileRow = readonly [name: string, bytes: string, outcome: Outcome, says?: RegExp]

/** Where a request that gets through would start a capture of the default target. */
export const capture = '/debug/pprof/profile?seconds=1'

export const host = 'Host: localhost:8081'

/** A request without body; lines end as HTTP wants it. */
export function request(line: string, ...headers: readonly string[]): string {
  return [line, ...headers, '', ''].join('\r\n')
}

/** From this machine, as curl sends it. */
export function get(path: string, ...headers: readonly string[]): string {
  return request(`GET ${path} HTTP/1.1`, host, ...headers)
}

/** To where a body is taken. */
export function post(body: string, ...headers: readonly string[]): string {
  const type = 'Content-Type: application/octet-stream'
  return `${request('POST /debug/pprof/symbol HTTP/1.1', host, type, ...headers)}${body}`
}

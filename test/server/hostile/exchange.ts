// Bytes to a port, and all the answers that come back, read as strictly as they should be written.
import { connect, type Socket } from 'node:net'

export interface Answer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Exchange {
  /** To the bytes that were sent. */
  readonly answers: readonly Answer[]
  /** Whether the connection served another request afterwards. */
  readonly kept: boolean
}

const probe = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'

/**
 * Sends `bytes` (a character each) and waits for the first answer; if the connection is open then, asks
 * whether it still serves. Resolves when the server has hung up.
 */
export async function exchange(port: number, bytes: string): Promise<Exchange> {
  const { socket, received, ended } = open(port)
  let isProbed = false
  const isHead = bytes.startsWith('HEAD ')
  socket.on('data', () => {
    const answers = parseAnswers(received(), isHead)
    if (isProbed || answers.length === 0) return
    isProbed = true
    if (answers.at(-1)?.headers.connection !== 'close') socket.write(probe)
  })
  socket.write(bytes, 'latin1')
  await ended
  const answers = parseAnswers(received(), isHead)
  const kept = answers.at(-1)?.body === 'ok\n' && answers.length > 1
  return { answers: kept ? answers.slice(0, -1) : answers, kept }
}

/** Sends `first`, then `drop` every half second, until the server has hung up. */
export async function drip(port: number, first: string, drop: string): Promise<readonly Answer[]> {
  const { socket, received, ended } = open(port)
  socket.write(first, 'latin1')
  const timer = setInterval(() => socket.writable && socket.write(drop, 'latin1'), 500)
  await ended
  clearInterval(timer)
  return parseAnswers(received())
}

function open(port: number) {
  // Half open: a server that ends its side has not read ours.
  const socket: Socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  socket.on('end', () => socket.destroy())
  // Four times what the slowest may take.
  socket.setTimeout(20_000, () => socket.destroy(new Error('nothing came for 20 s')))
  const ended = new Promise<void>((resolve, reject) => {
    // A reset is a way of hanging up.
    socket.on('error', (error) => ('code' in error ? resolve() : reject(error)))
    socket.once('close', resolve)
  })
  return { socket, received: () => Buffer.concat(chunks).toString('latin1'), ended }
}

/** The complete answers; throws where the text is not made of answers alone. That to HEAD has no body. */
function parseAnswers(text: string, isHead = false): readonly Answer[] {
  const answers: Answer[] = []
  let rest = text
  while (rest !== '') {
    const headEnd = rest.indexOf('\r\n\r\n')
    if (headEnd === -1) return answers
    const [statusLine = '', ...lines] = rest.slice(0, headEnd).split('\r\n')
    const status = Number(/^HTTP\/1\.1 (\d{3}) [\x20-\x7e]+$/.exec(statusLine)?.[1])
    if (Number.isNaN(status)) throw new Error(`no status line: ${JSON.stringify(statusLine)}`)
    const headers = Object.fromEntries(lines.map(parseHeader))
    const isBare = status === 100 || (isHead && answers.length === 0)
    const length = isBare ? 0 : Number(headers['content-length'])
    if (Number.isNaN(length)) throw new Error(`no length: ${JSON.stringify(headers)}`)
    const body = rest.slice(headEnd + 4, headEnd + 4 + length)
    if (body.length < length) return answers
    rest = rest.slice(headEnd + 4 + length)
    answers.push({ status, headers, body: Buffer.from(body, 'latin1').toString() })
  }
  return answers
}

function parseHeader(line: string): [string, string] {
  const match = /^([\w-]+): ([\x20-\x7e]*)$/.exec(line)
  if (match === null) throw new Error(`no header: ${JSON.stringify(line)}`)
  return [String(match[1]).toLowerCase(), String(match[2])]
}

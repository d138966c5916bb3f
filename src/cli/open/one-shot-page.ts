/**
 * One finished capture in speedscope (https://www.speedscope.app, its released files come with pprofd),
 * for one browser, until that has fetched everything. On loopback, below a path that nobody can guess,
 * for users who may read the capture's file anyway, and by the same rules as the daemon: server/guard.ts.
 */
import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { extname, join } from 'node:path'
import { PeerUids } from '../../access/peer-uids.ts'
import { uiFolder } from '../../package-files.ts'
import { judgeRequest } from '../../server/guard.ts'
import { speedscopePolicy } from '../../ui/policies.ts'

export interface ShownCapture {
  /** Such as `cpu-api-4711.pb.gz`; its extension says nothing to speedscope. */
  readonly name: string
  readonly bytes: Uint8Array
}

export interface OneShotPage {
  readonly url: string
  readonly port: number
  /** Resolves when the page has fetched everything, to true, or was closed before, to false. */
  readonly done: Promise<boolean>
  close(): void
}

const folder = join(uiFolder, 'speedscope')

/** Fonts and icons follow the capture; whoever asks for nothing so long has all it needs. */
const quietMs = 2000

const contentTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.txt': 'text/plain; charset=utf-8',
  '.woff2': 'font/woff2',
}

const headers: Readonly<Record<string, string>> = {
  'Content-Security-Policy': speedscopePolicy,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
}

/** `uids`: users whose browser is served. */
export async function openOneShotPage(
  { name, bytes }: ShownCapture,
  uids: readonly number[],
): Promise<OneShotPage> {
  const root = `/${randomBytes(24).toString('base64url')}/`
  const files = new Map<string, () => Promise<Uint8Array>>()
  for (const file of readdirSync(folder)) files.set(file, () => readFile(join(folder, file)))
  files.set('', () => readFile(join(folder, 'index.html')))
  let finish = (_isAll: boolean) => {}
  const done = new Promise<boolean>((resolve) => {
    finish = resolve
  })
  let quiet: NodeJS.Timeout | undefined
  const server = createServer(
    { maxHeaderSize: 8192, headersTimeout: 5000 },
    (request, response) => {
      void answer(request, response).catch(() => response.destroy())
    },
  )
  const peers = new PeerUids()
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refusal = judgeRequest(request)
    if (refusal) return send(response, refusal.status, 'text/plain', Buffer.from(refusal.reason))
    if (!(await isServed(request.socket, peers, uids))) {
      return send(response, 403, 'text/plain', Buffer.from('this page is for another user'))
    }
    quiet?.refresh()
    const path = String(request.url).replace(/\?.*$/s, '')
    if (path === `${root}capture`) {
      response.on('finish', () => {
        quiet ??= setTimeout(() => finish(true), quietMs)
      })
      return send(response, 200, 'application/octet-stream', bytes)
    }
    const read = path.startsWith(root) ? files.get(path.slice(root.length)) : undefined
    if (read === undefined) return send(response, 404, 'text/plain', Buffer.from('no such page'))
    const type = contentTypes[extname(path) || '.html'] ?? 'application/octet-stream'
    send(response, 200, type, await read())
  }
  const port = await listenOnLoopback(server)
  const title = encodeURIComponent(name)
  return {
    url: `http://127.0.0.1:${port}${root}#profileURL=${encodeURIComponent(`${root}capture`)}&title=${title}`,
    port,
    done: done.finally(() => {
      clearTimeout(quiet)
      server.close()
      server.closeAllConnections()
    }),
    close: () => finish(false),
  }
}

async function listenOnLoopback(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return (server.address() as AddressInfo).port
}

/** The path stands in the browser's arguments, which other users of the machine can read. */
async function isServed(
  socket: Socket,
  peers: PeerUids,
  uids: readonly number[],
): Promise<boolean> {
  // Only the kernel of Linux tells.
  if (process.platform !== 'linux') return true
  const { localAddress, localPort, remoteAddress, remotePort } = socket
  if (!localAddress || !localPort || !remoteAddress || !remotePort) return false
  const uid = await peers.find({ localAddress, localPort, remoteAddress, remotePort })
  return uid !== undefined && uids.includes(uid)
}

function send(response: ServerResponse, status: number, type: string, body: Uint8Array): void {
  response.writeHead(status, {
    ...headers,
    'Content-Type': type,
    'Content-Length': body.length,
  })
  response.end(body)
}

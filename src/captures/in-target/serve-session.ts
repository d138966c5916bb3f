/**
 * Runs in the target, see target-source.ts: a session with the thread's own inspector, which takes its commands from a
 * socket of pprofd's. Nothing listens, nothing keeps the program alive, and where pprofd is gone, the session is, too.
 */
import type { Session } from 'node:inspector'

/** Whoever does not take its answers is let go rather than kept in the target's memory. */
export interface ServeOptions {
  readonly path: string
  readonly maxWaitingBytes: number
}

export function serveSession({ path, maxWaitingBytes }: ServeOptions): number {
  const builtin = (name: string) => process.getBuiltinModule?.(name) ?? require(name)
  // The program may replace them later.
  const { parse, stringify } = JSON
  const inspector = builtin('node:inspector') as typeof import('node:inspector')
  const net = builtin('node:net') as typeof import('node:net')
  const session: Session = new inspector.Session()
  session.connect()
  const socket = net.connect(path)
  socket.unref()
  socket.setEncoding('utf8')
  let rest = ''
  // An error that is thrown here, in a callback, would end the program.
  const end = () => {
    try {
      session.disconnect()
      socket.destroy()
    } catch {
      // It was over already.
    }
  }
  const answer = (message: object) => {
    try {
      socket.write(`${stringify(message)}\n`)
      if (socket.writableLength > maxWaitingBytes) end()
    } catch {
      end()
    }
  }
  const post = (line: string) => {
    const { id, method, params } = parse(line)
    session.post(method, params, (error, result) =>
      answer(error ? { id, error } : { id, result: result ?? {} }),
    )
  }
  session.on('inspectorNotification', answer)
  socket.on('error', end)
  socket.on('close', end)
  socket.on('data', (chunk) => {
    try {
      rest += chunk
      const lines = rest.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) post(line)
    } catch {
      end()
    }
  })
  return process.pid
}

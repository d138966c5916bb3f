/** The inspector of pprofd itself, for the target `self`: no port is opened for it. */
import type { Session as NodeSession } from 'node:inspector'
import type { Transport } from './transport.ts'

/** Loaded only when asked for: nobody else pays for it at start-up. */
export async function connectInProcess(): Promise<Transport> {
  const { default: Inspector } = await import('inspector-api')
  const inspector = new Inspector()
  return transportOver(inspector.getCurrentSession())
}

/**
 * A worker that ends while a session of its own process looks at it can take the process with it (Node
 * 20.20, a segmentation fault in 1 of 240 recordings beside workers that came and went). Over a socket
 * no target has done so.
 */
const noWorkers = { code: -32_601, message: 'worker threads are left out within one process' }

function transportOver(session: NodeSession): Transport {
  let closed = false
  const deliver = (message: unknown) => {
    if (!closed) transport.onmessage(Buffer.from(JSON.stringify(message)))
  }
  const transport: Transport = {
    send: (text) => {
      const { id, method, params } = JSON.parse(text)
      if (String(method).startsWith('NodeWorker.')) return deliver({ id, error: noWorkers })
      session.post(method, params, (error, result) =>
        deliver(error ? { id, error } : { id, result: result ?? {} }),
      )
    },
    // What is posted here is answered before `send` returns: nothing is left to hold back.
    pause: () => {},
    resume: () => {},
    close: () => {
      if (closed) return
      closed = true
      session.disconnect()
      queueMicrotask(() => transport.onclose())
    },
    onmessage: () => {},
    onclose: () => {},
  }
  session.on('inspectorNotification', deliver)
  return transport
}

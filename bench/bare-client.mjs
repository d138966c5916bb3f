// The least that a CPU profile through an open inspector can cost: no checks, no conversion.
import WebSocket from 'ws'

/** Resolves to the round trips of start and stop. */
export async function recordBare(port, durationMs, hz = 100) {
  const [{ webSocketDebuggerUrl }] = await (
    await fetch(`http://127.0.0.1:${port}/json/list`)
  ).json()
  const socket = new WebSocket(webSocketDebuggerUrl, { perMessageDeflate: false })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  const waiting = new Map()
  socket.on('message', (data) => {
    const { id } = JSON.parse(data)
    waiting.get(id)?.()
  })
  let lastId = 0
  const timed = async (method, params = {}) => {
    const id = ++lastId
    const begin = performance.now()
    const answer = new Promise((resolve) => waiting.set(id, resolve))
    socket.send(JSON.stringify({ id, method, params }))
    await answer
    return performance.now() - begin
  }
  await timed('Profiler.enable')
  await timed('Profiler.setSamplingInterval', { interval: 1e6 / hz })
  const startMs = await timed('Profiler.start')
  await new Promise((resolve) => setTimeout(resolve, durationMs))
  const stopMs = await timed('Profiler.stop')
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.close()
  await closed
  return { startMs, stopMs }
}

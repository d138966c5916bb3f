// An HTTP server that says hello, and the process that keeps it busy: 16 connections, on each of which four
// requests wait, as bytes that cost their sender far less than they cost the server.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export async function hello() {
  let answered = 0
  const server = createServer((_, response) => {
    answered += 1
    response.end('hello world')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const program = fileURLToPath(new URL('./busy-hello-load.mjs', import.meta.url))
  const load = fork(program, [server.address().port], { execArgv: [] })
  await once(load, 'message')
  return {
    unit: async () => {
      await nextTurn()
      const units = answered
      answered = 0
      return units
    },
    rest: () => load.send('rest'),
    work: () => load.send('work'),
  }
}

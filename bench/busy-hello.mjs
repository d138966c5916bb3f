// An HTTP server that says hello, over connections within the process: what the kernel takes for a connection
// between two processes depends on which of them sleeps, and varies twofold. A unit is 32 requests, on 8 connections.
import { createServer } from 'node:http'
import { Duplex } from 'node:stream'

const connections = 8
const requestsEach = 4
const request = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'
const requests = Buffer.from(request.repeat(requestsEach))

export async function hello() {
  const server = createServer((_, response) => response.end('hello world'))
  let finish = () => {}
  let bytes = 0
  /** Of an answer: the same each time, for the date is as long each time. */
  let answerBytes = 0
  const sockets = Array.from({ length: connections }, () => {
    const socket = new Duplex({
      read: () => {},
      write: (chunk, _, done) => {
        bytes += chunk.length
        done()
        if (bytes === connections * requestsEach * answerBytes) finish()
      },
    })
    socket.setTimeout = () => socket
    server.emit('connection', socket)
    return socket
  })
  sockets[0].push(request)
  await new Promise((resolve) => setTimeout(resolve, 100))
  answerBytes = bytes
  return {
    unit: () => {
      bytes = 0
      return new Promise((resolve) => {
        finish = resolve
        for (const socket of sockets) socket.push(requests)
      })
    },
  }
}

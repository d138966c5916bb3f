// `busy-hello-load.mjs <port>`: asks the server of busy-hello.mjs as fast as it answers, from `work` to `rest`.
import { connect } from 'node:net'

const connections = 16
const waiting = 4
const request = 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'
/** What each answer ends with. */
const end = Buffer.from('hello world')

let resting = true
const sockets = Array.from({ length: connections }, () => {
  const socket = connect(Number(process.argv[2]), '127.0.0.1')
  socket.setNoDelay(true)
  let pending = 0
  const ask = () => {
    if (resting || pending > 0) return
    pending = waiting
    socket.write(request.repeat(waiting))
  }
  let tail = Buffer.alloc(0)
  socket.on('data', (data) => {
    const bytes = tail.length === 0 ? data : Buffer.concat([tail, data])
    let at = 0
    for (let found = bytes.indexOf(end); found >= 0; found = bytes.indexOf(end, at)) {
      at = found + end.length
      pending -= 1
    }
    tail = bytes.subarray(at)
    ask()
  })
  socket.on('error', () => {})
  return ask
})
process.on('message', (command) => {
  resting = command === 'rest'
  for (const ask of sockets) ask()
})
process.on('disconnect', () => process.exit())
process.send('ready')

// An HTTP server whose requests wait in known ways, with its clients in a process of their own.
// Argument: the number of clients. With `load URL clients` it is the clients.
'use strict'
const http = require('node:http')
const { fork } = require('node:child_process')
const { setTimeout: delay, setImmediate: turn } = require('node:timers/promises')

async function query(size) {
  const rows = Array.from({ length: size }, (_, id) => ({ id, text: `row ${id}` }))
  await delay(1 + (size % 5)) // @query
  return rows
}

async function check(token) {
  await turn() // @check
  return token.length
}

async function authorise(request) {
  return (await check(request.url)) > 0 // @authorise
}

async function page(request) {
  const parts = [query(50), query(80), check(request.url)]
  return (await Promise.all(parts)).length // @page
}

async function handle(request, response) {
  await authorise(request) // @handle.authorise
  const rows = await query(200) // @handle.query
  const count = await page(request) // @handle.page
  response.end(`${rows.length + count}\n`)
}

function load(url, clients) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: clients })
  const ask = () => {
    http.get(url, { agent }, (response) => response.resume().on('end', ask)).on('error', ask)
  }
  for (let client = 0; client < clients; client++) ask()
}

if (process.argv[2] === 'load') {
  // The server has ended, however it did.
  process.on('disconnect', () => process.exit())
  load(process.argv[3], Number(process.argv[4]))
} else {
  const server = http.createServer((request, response) => void handle(request, response))
  server.listen(0, '127.0.0.1', () => {
    const url = `http://127.0.0.1:${server.address().port}/`
    const clients = fork(__filename, ['load', url, process.argv[2] ?? '50'], { execArgv: [] })
    clients.unref()
    setTimeout(() => console.log(`ready ${JSON.stringify({ pid: process.pid })}`), 1000)
  })
}

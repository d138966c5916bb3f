// A small HTTP service as many are: it lists, renders, searches and hashes. It knows nothing of
// pprofd, takes no flags and depends on nothing. PORT chooses its port. (default: a free one)
import { createServer } from 'node:http'
import { route } from './routes.mjs'

const server = createServer(function handleRequest(request, response) {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const { status, type, body } = route(url)
  response.writeHead(status, { 'content-type': type }).end(body)
})

server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', function reportReady() {
  const { port } = server.address()
  const url = `http://127.0.0.1:${port}`
  console.log(`ready ${JSON.stringify({ pid: process.pid, port, url })}`)
})

process.once('SIGTERM', () => process.exit(0))

// A shop that gets slower with every product: a walk through docs/tutorial.md finds out why. It asks itself
// for pages all the time, so that nothing else is needed. It prints `ready {"pid":...,"port":...}`.
import { createServer } from 'node:http'
import { renderPage } from './page.mjs'

const numbers = (seed) => Array.from({ length: 50 }, (_, index) => ((index + 1) * seed) % 101)
const products = Array.from({ length: 3000 }, (_, index) => {
  return { name: `product ${index}`, traits: numbers(index + 7) }
})
const customer = { tastes: numbers(3) }

const server = createServer((_request, response) => {
  response.setHeader('content-type', 'text/html').end(renderPage(products, customer))
})

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address()
  console.log(`ready ${JSON.stringify({ pid: process.pid, port })}`)
  void visit(`http://127.0.0.1:${port}/`)
})

async function visit(url) {
  for (;;) {
    const answer = await fetch(url)
    await answer.text()
  }
}

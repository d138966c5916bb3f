// A registry that has pprofd and nothing else: `npm install -g pprofd` word for word, before it is published
// and without a network. That it needs no other package is part of what is shown.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'

export async function startRegistry(tarball, manifest) {
  const bytes = readFileSync(tarball)
  const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`
  const server = createServer((request, response) => {
    if (request.url === '/pprofd.tgz') return response.end(bytes)
    if (request.url !== '/pprofd') return response.writeHead(404).end('{}')
    const dist = { tarball: `http://${request.headers.host}/pprofd.tgz`, integrity }
    const { name, version } = manifest
    const versions = { [version]: { ...manifest, dist } }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ name, 'dist-tags': { latest: version }, versions }))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() }
}

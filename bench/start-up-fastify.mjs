// The rival: the least that a daemon with fastify can be.
import fastify from 'fastify'

const app = fastify()
app.get('/', async () => 'hello world\n')
await app.listen({ host: '127.0.0.1', port: 0 })
console.log('listening')

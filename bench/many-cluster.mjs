// `node many-cluster.mjs <workers>`: a cluster whose workers are many-target.mjs; prints their pids.
import cluster from 'node:cluster'
import { fileURLToPath } from 'node:url'

cluster.setupPrimary({
  exec: fileURLToPath(new URL('./many-target.mjs', import.meta.url)),
  silent: true,
})
const workers = Array.from({ length: Number(process.argv[2]) }, () => cluster.fork())
await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('online', resolve))))
console.log(`ready ${workers.map((worker) => worker.process.pid).join(' ')}`)
process.on('SIGTERM', () => {
  for (const worker of workers) worker.kill('SIGKILL')
  process.exit(0)
})

// What the scripts of this folder start, each with a way to end it: services, a daemon that opts them in, a tool.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const shop = fileURLToPath(new URL('./shop.cjs', import.meta.url))
/** In the command line of each service, so that daemons of others are not told of them. */
const fleet = `fleet-${process.pid}`
const pprofd = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

export function print(line) {
  console.log(`${new Date().toISOString().slice(11, 19)} ${line}`)
}

/** One service a name, which OTEL_SERVICE_NAME says. */
export async function startServices(names) {
  return Promise.all(
    names.map(async (name) => {
      const env = { ...process.env, OTEL_SERVICE_NAME: name }
      const child = spawn(process.execPath, [shop, fleet], {
        env,
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      await once(createInterface(child.stdout), 'line')
      return ended(child)
    }),
  )
}

/** A daemon that scrapers are told of the services of this folder by. */
export async function startDaemon(folder, port) {
  const config = join(folder, 'pprofd.yaml')
  const lines = [`listen: 127.0.0.1:${port}`, `stateDir: ${folder}/state`, 'discover:']
  writeFileSync(config, `${[...lines, `  match: ' ${fleet}$'`].join('\n')}\n`)
  const child = spawn(process.execPath, [pprofd, 'serve', '--config', config], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface(child.stdout)) if (/"listening"/.test(line)) break
  child.stdout.resume()
  return ended(child)
}

/** Its output goes to a file of the folder. */
export function startTool(file, args, folder) {
  const child = spawn(file, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  const log = createWriteStream(join(folder, 'tool.log'))
  child.stdout.pipe(log)
  child.stderr.pipe(log)
  return ended(child)
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  return port
}

function ended(child) {
  const exit = once(child, 'exit')
  return {
    pid: child.pid,
    stop: async () => {
      if (child.exitCode === null) child.kill()
      await exit
    },
  }
}

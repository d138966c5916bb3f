/**
 * A socket in a folder that a target sees, too, whatever container it is in: pprofd listens, one connection
 * is accepted, and the folder goes. Only the target's user and root can reach it. The target may own
 * what lies around the folder, so nothing is changed by a path that it could have turned elsewhere.
 */
import { constants, type Stats } from 'node:fs'
import { type FileHandle, mkdtemp, open, readdir, rmdir, stat, unlink } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { CaptureError } from '../errors.ts'

/** The first that can be written to; a container may have no /tmp, or a read-only one. */
const folders = ['/tmp', '/dev/shm', '/var/tmp']

export class MeetingSocket {
  /** As the target sees it. */
  readonly path: string
  /** The first connection. Paused: whoever gets it reads its descriptor. */
  readonly connection: Promise<Socket>
  readonly #folder: string
  readonly #handle: FileHandle
  readonly #server: Server

  private constructor(
    path: string,
    connection: Promise<Socket>,
    folder: string,
    handle: FileHandle,
    server: Server,
  ) {
    this.path = path
    this.connection = connection
    this.#folder = folder
    this.#handle = handle
    this.#server = server
  }

  /** @throws {CaptureError} census-refused, where there is no such folder. */
  static async open(pid: number, procRoot: string): Promise<MeetingSocket> {
    const failures: unknown[] = []
    for (const folder of folders) {
      try {
        return await MeetingSocket.#openIn(folder, pid, procRoot)
      } catch (error) {
        failures.push(error)
      }
    }
    const [cause] = failures
    const why = cause instanceof Error ? cause.message : String(cause)
    const message = `process ${pid} and pprofd have no folder for a socket in common, of ${folders.join(', ')}: ${why}`
    throw new CaptureError('census-refused', message, { cause })
  }

  static async #openIn(parent: string, pid: number, procRoot: string): Promise<MeetingSocket> {
    const folder = await mkdtemp(`${procRoot}/${pid}/root${parent}/pprofd-${pid}-`)
    try {
      const handle = await open(folder, constants.O_DIRECTORY | constants.O_NOFOLLOW)
      try {
        const ownPath = `/proc/self/fd/${handle.fd}`
        if (!isFresh(await handle.stat(), await readdir(ownPath)))
          throw new Error('it was replaced')
        const server = createServer({ pauseOnConnect: true })
        server.maxConnections = 1
        const connection = new Promise<Socket>((resolve) => server.once('connection', resolve))
        await listen(server, `${ownPath}/reader`)
        await giveTo(pid, procRoot, handle)
        const path = `${parent}/${folder.slice(folder.lastIndexOf('/') + 1)}/reader`
        return new MeetingSocket(path, connection, folder, handle, server)
      } catch (error) {
        await handle.close()
        throw error
      }
    } catch (error) {
      await rmdir(folder).catch(() => {})
      throw error
    }
  }

  /** The connection stays. */
  async close(): Promise<void> {
    this.#server.close()
    await unlink(`/proc/self/fd/${this.#handle.fd}/reader`).catch(() => {})
    await this.#handle.close()
    await rmdir(this.#folder).catch(() => {})
  }
}

function isFresh(stats: Stats, names: readonly string[]): boolean {
  return stats.uid === process.geteuid?.() && (stats.mode & 0o777) === 0o700 && names.length === 0
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    // The folder keeps others out.
    server.listen({ path, readableAll: true, writableAll: true }, () => {
      server.unref()
      resolve()
    })
  })
}

/** Root may read whom it likes, but the target could not enter a folder of root's. */
async function giveTo(pid: number, procRoot: string, folder: FileHandle): Promise<void> {
  const { uid, gid } = await stat(`${procRoot}/${pid}`)
  if (uid !== process.geteuid?.()) await folder.chown(uid, gid)
}

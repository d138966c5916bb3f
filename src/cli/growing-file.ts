/**
 * A file that is written bit by bit under a temporary name and gets its own when it is whole: what
 * bears the name can be trusted, and an older file of that name stays until then.
 */
import { createWriteStream, realpathSync, statSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { PassThrough, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { notWritable } from './output-file.ts'

/** Level 1 keeps up with what V8 writes; level 6 makes it 10 % smaller in thrice the time. */
const gzipLevel = 1

export class GrowingFile {
  readonly #file: string
  /** Undefined: what is written to directly. */
  readonly #temporary: string | undefined
  readonly #input: Writable
  /** Resolves to the failure, where there is one, when all is written or nothing can be any more. */
  readonly #written: Promise<unknown>

  /** `-` is stdout; a name that ends in .gz is gzipped. */
  constructor(file: string) {
    const place = placeOf(file)
    this.#file = place.path
    this.#temporary = place.isReplaceable ? `${place.path}.${process.pid}.part` : undefined
    const input = file.endsWith('.gz') ? createGzip({ level: gzipLevel }) : new PassThrough()
    this.#input = input
    // It tells of the target: 0600.
    const writing =
      file === '-' ? pipeline(input, process.stdout, { end: false }) : pipeline(input, this.#open())
    this.#written = writing.then(
      () => undefined,
      (error) => error,
    )
  }

  /** @throws {InputError} parameter-invalid when there is no room, say. */
  async write(chunk: Uint8Array): Promise<void> {
    const taken = new Promise<unknown>((resolve) => this.#input.write(chunk, resolve))
    // A stream that is destroyed under it answers no write.
    if (await Promise.race([taken, this.#written])) await this.#refuse()
  }

  /** @throws {InputError} as `write`. */
  async finish(): Promise<void> {
    this.#input.end()
    if (await this.#written) await this.#refuse()
    if (this.#temporary !== undefined) await rename(this.#temporary, this.#file)
  }

  /** Leaves nothing behind; an older file stays as it was. */
  async discard(): Promise<void> {
    this.#input.destroy()
    const failure = await this.#written
    const isOthers = failure instanceof Error && 'code' in failure && failure.code === 'EEXIST'
    if (this.#temporary && !isOthers) await rm(this.#temporary, { force: true })
  }

  #open(): Writable {
    if (this.#temporary === undefined) return createWriteStream(this.#file)
    return createWriteStream(this.#temporary, { flags: 'wx', mode: 0o600 })
  }

  async #refuse(): Promise<never> {
    throw notWritable(this.#file, await this.#written)
  }
}

/** /dev/null, a pipe and the like stay what they are; so does a link. */
function placeOf(file: string): { readonly path: string; readonly isReplaceable: boolean } {
  if (file === '-') return { path: file, isReplaceable: false }
  const found = statSync(file, { throwIfNoEntry: false })
  if (found === undefined) return { path: file, isReplaceable: true }
  return { path: realpathSync(file), isReplaceable: found.isFile() }
}

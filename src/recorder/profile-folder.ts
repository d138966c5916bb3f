/**
 * A folder of profiles that never takes more than its share of the disk: the oldest one goes. A profile
 * is there when its note is; what a crash left half written is removed at the next start.
 */
import { constants } from 'node:fs'
import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { CaptureError } from '../errors.ts'
import { draftExtension, noteExtension, profileFileName, timeOfName } from './profile-file-name.ts'
import { noteOf, noteText, type ProfileNote, parseNote } from './profile-note.ts'
import type { RecordedProfile } from './recorded-profile.ts'

export interface FolderLimits {
  /** Of all files, as they fill blocks of the disk. */
  readonly maxBytes: number
  /** Older ones go; undefined: never. */
  readonly maxAgeMs?: number | undefined
}

export interface KeptFile {
  /** Of the profile, in the folder. */
  readonly name: string
  /** With its note. */
  readonly sizeBytes: number
  /** When it was taken, ms since the epoch. */
  readonly atMs: number
}

export interface KeptProfile {
  readonly note: ProfileNote
  readonly bytes: Uint8Array
}

export interface FolderWatch {
  /** Called for each that had to go before somebody wanted it gone. */
  readonly onEvicted?: ((file: KeptFile) => void) | undefined
  /** Is kept, although it is the oldest. */
  readonly isInUse?: ((file: KeptFile) => boolean) | undefined
}

/** ext4's, xfs's. */
const blockBytes = 4096

export class ProfileFolder {
  readonly path: string
  limits: FolderLimits
  readonly #watch: FolderWatch
  /** Oldest first; undefined: not looked at yet. */
  #files: KeptFile[] | undefined
  /** One change after the other. */
  #turn: Promise<unknown> = Promise.resolve()

  /** Created, for its user alone, when the first profile is kept. */
  constructor(path: string, limits: FolderLimits, watch: FolderWatch = {}) {
    this.path = path
    this.limits = limits
    this.#watch = watch
  }

  /** As far as is known without looking. */
  get bytes(): number {
    return (this.#files ?? []).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  }

  get count(): number {
    return this.#files?.length ?? 0
  }

  /** The oldest first. */
  files(): Promise<readonly KeptFile[]> {
    return this.#inTurn(async () => [...(await this.#load())])
  }

  /** @throws {CaptureError} profile-not-kept: too large, or the folder cannot be written to. */
  add(profile: RecordedProfile): Promise<KeptFile> {
    return this.#inTurn(async () => {
      try {
        return await this.#add(profile)
      } catch (error) {
        throw error instanceof CaptureError ? error : this.#unwritable(error)
      }
    })
  }

  /** Undefined where it is gone, or is not what was written. */
  async read({ name }: KeptFile): Promise<KeptProfile | undefined> {
    try {
      const note = parseNote((await readOwn(join(this.path, name + noteExtension))).toString())
      const bytes = await readOwn(join(this.path, name))
      return note && bytes.byteLength === note.sizeBytes ? { note, bytes } : undefined
    } catch {
      return undefined
    }
  }

  remove(file: KeptFile): Promise<void> {
    return this.#inTurn(() => this.#remove(file))
  }

  /** Removes what is too old, and what is too much for limits that have become narrower. */
  prune(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#load()
      await this.#makeRoom(0)
    })
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => undefined)
    return done
  }

  async #add(profile: RecordedProfile): Promise<KeptFile> {
    await ownFolder(this.path)
    const files = await this.#load()
    const note = Buffer.from(noteText(noteOf(profile)))
    const sizeBytes = onDisk(profile.bytes.byteLength) + onDisk(note.byteLength)
    if (sizeBytes > this.limits.maxBytes) throw tooLarge(sizeBytes, this.limits.maxBytes)
    await this.#makeRoom(sizeBytes)
    // What is in use stays.
    if (this.bytes + sizeBytes > this.limits.maxBytes) {
      throw tooLarge(sizeBytes, Math.max(0, this.limits.maxBytes - this.bytes))
    }
    const name = freeName(profile, new Set(files.map(({ name }) => name)))
    await writeBoth(join(this.path, name), profile.bytes, note)
    const file = { name, sizeBytes, atMs: timeOfName(name) ?? profile.startedAtMs }
    this.#files = [...(this.#files ?? []), file].sort(byName)
    return file
  }

  async #makeRoom(wantedBytes: number): Promise<void> {
    const { maxBytes, maxAgeMs = Number.POSITIVE_INFINITY } = this.limits
    const oldestMs = Date.now() - maxAgeMs
    for (const file of this.#files ?? []) {
      if (file.atMs >= oldestMs && this.bytes + wantedBytes <= maxBytes) return
      if (this.#watch.isInUse?.(file)) continue
      await this.#remove(file)
      this.#watch.onEvicted?.(file)
    }
  }

  async #remove(file: KeptFile): Promise<void> {
    try {
      // Without its note it counts as not there.
      await rm(join(this.path, file.name + noteExtension), { force: true })
      await rm(join(this.path, file.name), { force: true })
    } finally {
      // Also where it cannot be removed: nobody shall get it again and again.
      this.#files = this.#files?.filter(({ name }) => name !== file.name)
    }
  }

  async #load(): Promise<KeptFile[]> {
    if (this.#files !== undefined) return this.#files
    const names = new Set(await readdir(this.path).catch(() => []))
    const files: KeptFile[] = []
    for (const name of names) {
      const atMs = timeOfName(name)
      const isNote = names.has(name.slice(0, -noteExtension.length))
      if (atMs !== undefined && !isNote && names.has(name + noteExtension)) {
        const sizeBytes = await this.#sizeOf(name)
        if (sizeBytes !== undefined) files.push({ name, sizeBytes, atMs })
      } else if (isOurs(name) && !isNote) {
        await rm(join(this.path, name), { force: true })
      }
    }
    this.#files = files.sort(byName)
    return this.#files
  }

  async #sizeOf(name: string): Promise<number | undefined> {
    const stats = await Promise.all(
      [name, name + noteExtension].map((each) =>
        lstat(join(this.path, each)).catch(() => undefined),
      ),
    )
    const [profile, note] = stats
    if (!profile?.isFile() || !note?.isFile()) return undefined
    return onDisk(profile.size) + onDisk(note.size)
  }

  #unwritable(cause: unknown): CaptureError {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    const message = `cannot keep the profile in ${this.path} (${code}); make room there, or set spool.dir to a folder that pprofd may write`
    return new CaptureError('profile-not-kept', message, { cause })
  }
}

/** A profile, a note, a draft of either: by its name written by us. */
function isOurs(name: string): boolean {
  const bare = name.endsWith(draftExtension) ? name.slice(0, -draftExtension.length) : name
  const profile = bare.endsWith(noteExtension) ? bare.slice(0, -noteExtension.length) : bare
  return timeOfName(bare) !== undefined || timeOfName(profile) !== undefined
}

function freeName(profile: RecordedProfile, taken: ReadonlySet<string>): string {
  for (let copy = 1; ; copy++) {
    const name = profileFileName(profile, copy)
    if (!taken.has(name)) return name
  }
}

/** Nobody else may put anything there, and it is no link to where they may. */
async function ownFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  const stat = await lstat(path)
  if (!stat.isDirectory()) throw notOurs(path, 'is no folder')
  const uid = process.geteuid?.()
  if (uid === undefined) return
  if (stat.uid !== uid) throw notOurs(path, `belongs to uid ${stat.uid}`)
  if ((stat.mode & 0o022) !== 0) throw notOurs(path, 'can be written by other users')
}

function notOurs(path: string, words: string): CaptureError {
  const message = `profiles are not kept in ${path}, which ${words}; set spool.dir to a folder of pprofd's own`
  return new CaptureError('profile-not-kept', message)
}

function tooLarge(sizeBytes: number, freeBytes: number): CaptureError {
  const message = `the profile needs ${sizeBytes} bytes of disk, and only ${freeBytes} may be used`
  return new CaptureError('profile-not-kept', message)
}

async function writeBoth(path: string, profile: Uint8Array, note: Uint8Array): Promise<void> {
  const notePath = path + noteExtension
  const drafts = [path, notePath].map((each) => each + draftExtension)
  const [draft = '', noteDraft = ''] = drafts
  try {
    await write(draft, profile)
    await write(noteDraft, note)
    await rename(draft, path)
    await rename(noteDraft, notePath)
  } catch (error) {
    await Promise.all([...drafts, path].map((each) => rm(each, { force: true })))
    throw error
  }
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  // wx: never through a link that somebody laid here.
  const handle = await open(path, 'wx', 0o600)
  try {
    await handle.writeFile(bytes)
    await handle.datasync()
  } finally {
    await handle.close()
  }
}

async function readOwn(path: string): Promise<Buffer> {
  const handle = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
  try {
    return await handle.readFile()
  } finally {
    await handle.close()
  }
}

function onDisk(bytes: number): number {
  return Math.ceil(bytes / blockBytes) * blockBytes
}

function byName(a: KeptFile, b: KeptFile): number {
  return a.name < b.name ? -1 : 1
}

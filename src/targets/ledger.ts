/**
 * What pprofd has opened, on disk: written before the signal, erased when the inspector is proved
 * closed. Whatever is still written there when its owner is gone was left behind by a crash, and the
 * next pprofd closes it. One small JSON file for each inspector, readable by its user only. Beside them
 * are drafts, of processes that are not signalled yet: nothing of theirs is ours to close.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InputError } from '../errors.ts'
import type { ProcessIdentity } from '../proc/process-identity.ts'

export interface LedgerEntry extends ProcessIdentity {
  /** Of /proc/sys/kernel/random/boot_id: pids and start times begin anew with each boot. */
  readonly bootId: string
  /** The pprofd that opened it. */
  readonly owner: ProcessIdentity
  /** ms since the epoch, when the signal was about to be sent. */
  readonly openedAtMs: number
  /** The port that its inspector has without us; given back to `process.debugPort` on closing. */
  readonly originalPort: number
  /** Of the listening socket, once it is known; then nothing else is closed. */
  readonly inode?: string | undefined
}

export class Ledger {
  readonly #folder: string | undefined

  /** `folder`: created when the first entry is written; without one nothing is written down. */
  constructor(folder: string | undefined) {
    this.#folder = folder
  }

  /** Adds an entry, or replaces the one of the same process and owner. @throws {InputError} config-invalid. */
  async write(entry: LedgerEntry): Promise<void> {
    await this.draft(entry)
    await this.confirm(entry)
  }

  /** All of the work but the last step: it counts when it is confirmed. @throws {InputError} config-invalid. */
  async draft(entry: LedgerEntry): Promise<void> {
    await this.#orRefuse(async (folder) => {
      const file = join(folder, draftName(entry))
      const text = toJson(entry)
      await writeNew(file, text).catch(async () => {
        // The first entry, or a draft that was left.
        await mkdir(folder, { recursive: true, mode: 0o700 })
        await rm(file, { force: true })
        return writeNew(file, text)
      })
    })
  }

  /** From now on the inspector is to be closed, whatever happens. @throws {InputError} config-invalid. */
  async confirm(entry: LedgerEntry): Promise<void> {
    await this.#orRefuse((folder) =>
      rename(join(folder, draftName(entry)), join(folder, fileName(entry))),
    )
  }

  async erase(entry: LedgerEntry): Promise<void> {
    await this.#remove(fileName(entry))
  }

  async eraseDraft(entry: LedgerEntry): Promise<void> {
    await this.#remove(draftName(entry))
  }

  /** All readable entries, also those of other, living pprofds. */
  async entries(): Promise<readonly LedgerEntry[]> {
    return this.#read(extension)
  }

  async drafts(): Promise<readonly LedgerEntry[]> {
    return this.#read(draftExtension)
  }

  async #read(ending: string): Promise<readonly LedgerEntry[]> {
    const folder = this.#folder
    if (folder === undefined) return []
    const names = await readdir(folder).catch(() => [])
    const entries = await Promise.all(
      names
        .filter((name) => name.endsWith(ending))
        .map(async (name) => fromJson(await readFile(join(folder, name), 'utf8').catch(() => ''))),
    )
    return entries.filter((entry) => entry !== undefined)
  }

  async #orRefuse(work: (folder: string) => Promise<void>): Promise<void> {
    const folder = this.#folder
    if (folder === undefined) return
    try {
      await work(folder)
    } catch (cause) {
      // Without it a crash would leave an inspector open for good, so nothing is opened.
      const message = `cannot write to the state folder ${folder}; set stateDir to one that pprofd may write`
      throw new InputError('config-invalid', `${message} (${String(cause)})`, { cause })
    }
  }

  async #remove(name: string): Promise<void> {
    if (this.#folder !== undefined) await rm(join(this.#folder, name), { force: true })
  }
}

/**
 * wx: never through a link that somebody laid here. Not flushed to the disk: when the machine crashes, so
 * does the process that the entry is about.
 */
function writeNew(path: string, text: string): Promise<void> {
  return writeFile(path, text, { flag: 'wx', mode: 0o600 })
}

const extension = '.json'
const draftExtension = '.json.draft'

function fileName({ pid, startTimeTicks, owner }: LedgerEntry): string {
  return `${pid}-${startTimeTicks}-by-${owner.pid}-${owner.startTimeTicks}${extension}`
}

function draftName(entry: LedgerEntry): string {
  return fileName(entry).replace(extension, draftExtension)
}

function toJson(entry: LedgerEntry): string {
  return JSON.stringify(entry, (_key, value) =>
    typeof value === 'bigint' ? value.toString() : value,
  )
}

/** Undefined for what is no entry: a file of another version, or cut off by a full disk. */
function fromJson(text: string): LedgerEntry | undefined {
  try {
    const { pid, startTimeTicks, bootId, owner, openedAtMs, originalPort, inode } = JSON.parse(text)
    const entry = {
      pid: Number(pid),
      startTimeTicks: BigInt(startTimeTicks),
      bootId: String(bootId),
      owner: { pid: Number(owner.pid), startTimeTicks: BigInt(owner.startTimeTicks) },
      openedAtMs: Number(openedAtMs),
      originalPort: Number(originalPort),
      inode: inode === undefined ? undefined : String(inode),
    }
    return Number.isInteger(entry.pid) && entry.pid > 0 ? entry : undefined
  } catch {
    return undefined
  }
}

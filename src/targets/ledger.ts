/**
 * What pprofd has opened, on disk: written before the signal, erased when the inspector is proved
 * closed. Whatever is still written there when its owner is gone was left behind by a crash, and the
 * next pprofd closes it. One small JSON file for each inspector, readable by its user only.
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

  /** Adds an entry, or replaces the one of the same process and owner. */
  async write(entry: LedgerEntry): Promise<void> {
    const folder = this.#folder
    if (folder === undefined) return
    try {
      await writeEntry(folder, entry)
    } catch (cause) {
      // Without it a crash would leave an inspector open for good, so nothing is opened.
      const message = `cannot write to the state folder ${folder}; set stateDir to one that pprofd may write`
      throw new InputError('config-invalid', `${message} (${String(cause)})`, { cause })
    }
  }

  async erase(entry: LedgerEntry): Promise<void> {
    if (this.#folder === undefined) return
    await rm(join(this.#folder, fileName(entry)), { force: true })
  }

  /** All readable entries, also those of other, living pprofds. */
  async entries(): Promise<readonly LedgerEntry[]> {
    const folder = this.#folder
    if (folder === undefined) return []
    const names = await readdir(folder).catch(() => [])
    const entries = await Promise.all(
      names
        .filter((name) => name.endsWith(extension))
        .map(async (name) => fromJson(await readFile(join(folder, name), 'utf8').catch(() => ''))),
    )
    return entries.filter((entry) => entry !== undefined)
  }
}

async function writeEntry(folder: string, entry: LedgerEntry): Promise<void> {
  const file = join(folder, fileName(entry))
  const draft = `${file}.draft`
  const text = toJson(entry)
  await writeDraft(draft, text).catch(async () => {
    // The first entry, or a draft that a crash left.
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await rm(draft, { force: true })
    return writeDraft(draft, text)
  })
  await rename(draft, file)
}

/**
 * wx: never through a link that somebody laid here. Not flushed to the disk: when the machine crashes, so
 * does the process that the entry is about.
 */
function writeDraft(path: string, text: string): Promise<void> {
  return writeFile(path, text, { flag: 'wx', mode: 0o600 })
}

const extension = '.json'

function fileName({ pid, startTimeTicks, owner }: LedgerEntry): string {
  return `${pid}-${startTimeTicks}-by-${owner.pid}-${owner.startTimeTicks}${extension}`
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

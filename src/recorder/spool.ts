/** Profiles on disk, for people: bounded in bytes and age, kept over restarts. */
import { type FolderLimits, type KeptFile, ProfileFolder } from './profile-folder.ts'
import type { ProfileSink, RecordedProfile } from './recorded-profile.ts'

export interface SpoolStatus {
  readonly folder: string
  readonly maxBytes: number
  /** As far as the folder has been looked at. */
  readonly bytes: number
  readonly profiles: number
  /** Since the start. */
  readonly kept: number
  /** Since the start: made room for others, or had become too old. */
  readonly removed: number
  /** Since the start. */
  readonly notKept: number
  readonly lastError: string | undefined
}

/** How often somebody looks for what has become too old. */
const pruneEveryMs = 10 * 60_000

export class Spool implements ProfileSink {
  readonly #folder: ProfileFolder
  #kept = 0
  #removed = 0
  #notKept = 0
  #lastError: string | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(path: string, limits: FolderLimits) {
    this.#folder = new ProfileFolder(path, limits, { onEvicted: () => this.#removed++ })
  }

  /** Removes what a crash left half written and what is too old, now and from time to time. */
  begin(): void {
    this.#timer ??= setInterval(() => this.#prune(), pruneEveryMs).unref()
    this.#prune()
  }

  end(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** @throws {CaptureError} profile-not-kept. */
  async put(profile: RecordedProfile): Promise<void> {
    await this.keep(profile)
  }

  /** As `put`, and says which file it is. */
  async keep(profile: RecordedProfile): Promise<KeptFile> {
    try {
      const file = await this.#folder.add(profile)
      this.#kept++
      return file
    } catch (error) {
      this.#notKept++
      this.#lastError = error instanceof Error ? error.message : String(error)
      throw error
    }
  }

  /** The oldest first. */
  files(): Promise<readonly KeptFile[]> {
    return this.#folder.files()
  }

  reconfigure(limits: FolderLimits): void {
    this.#folder.limits = limits
    if (this.#timer !== undefined) this.#prune()
  }

  status(): SpoolStatus {
    const { path: folder, limits, bytes, count: profiles } = this.#folder
    const counts = { kept: this.#kept, removed: this.#removed, notKept: this.#notKept }
    const { maxBytes } = limits
    return { folder, maxBytes, bytes, profiles, ...counts, lastError: this.#lastError }
  }

  #prune(): void {
    this.#folder.prune().catch((error: unknown) => {
      this.#lastError = error instanceof Error ? error.message : String(error)
    })
  }
}

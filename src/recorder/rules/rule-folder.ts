/**
 * The profiles of rules on disk: a folder for each rule, with files that only their user can read. What a
 * rule may take is bounded; the oldest files make room for new ones.
 */
import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { RecordedProfile } from '../recorded-profile.ts'
import type { Rule } from './rule.ts'

/** Where the captures of rules with `to: [disk]` go. */
export interface RuleDisk {
  /** Resolves to where it is. Throws where it cannot be kept. */
  put(rule: Pick<Rule, 'name' | 'maxBytes'>, profile: RecordedProfile): Promise<string>
  usedBytes(rule: Pick<Rule, 'name'>): Promise<number>
}

interface StoredFile {
  readonly name: string
  readonly sizeBytes: number
}

export class RuleFolder implements RuleDisk {
  readonly #folder: string
  #putting: Promise<unknown> = Promise.resolve()

  /** `folder`: created with the first profile. */
  constructor(folder: string) {
    this.#folder = folder
  }

  put(rule: Pick<Rule, 'name' | 'maxBytes'>, profile: RecordedProfile): Promise<string> {
    // One after the other: each makes its own room.
    const done = this.#putting.then(() => this.#put(rule, profile))
    this.#putting = done.catch(() => undefined)
    return done
  }

  async usedBytes({ name }: Pick<Rule, 'name'>): Promise<number> {
    const files = await storedFiles(join(this.#folder, name))
    return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  }

  async #put(
    { name, maxBytes }: Pick<Rule, 'name' | 'maxBytes'>,
    profile: RecordedProfile,
  ): Promise<string> {
    const { bytes } = profile
    if (bytes.length > maxBytes) {
      throw new Error(`it has ${bytes.length} bytes, but maxBytes of the rule allows ${maxBytes}`)
    }
    const folder = join(this.#folder, name)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await makeRoom(folder, maxBytes - bytes.length)
    const file = join(folder, fileName(profile))
    const draft = `${file}${draftExtension}`
    try {
      // wx: never through a link that somebody laid here.
      const handle = await open(draft, 'wx', 0o600)
      try {
        await handle.writeFile(bytes)
      } finally {
        await handle.close()
      }
      await rename(draft, file)
    } catch (error) {
      await rm(draft, { force: true })
      throw error
    }
    return file
  }
}

const draftExtension = '.draft'

/** What a crash left half written goes first, then the oldest. */
async function makeRoom(folder: string, maxBytes: number): Promise<void> {
  const files = await storedFiles(folder)
  const drafts = files.filter(({ name }) => name.endsWith(draftExtension))
  const whole = files.filter(({ name }) => !name.endsWith(draftExtension))
  for (const { name } of drafts) await rm(join(folder, name), { force: true })
  let usedBytes = whole.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  for (const { name, sizeBytes } of whole) {
    if (usedBytes <= maxBytes) return
    await rm(join(folder, name), { force: true })
    usedBytes -= sizeBytes
  }
}

/** Ordered by their names, which begin with the time; none where there is no folder yet. */
async function storedFiles(folder: string): Promise<readonly StoredFile[]> {
  const names = await readdir(folder).catch(() => [])
  const files = await Promise.all(
    names.toSorted().map(async (name) => {
      const found = await lstat(join(folder, name)).catch(() => undefined)
      return found?.isFile() ? { name, sizeBytes: found.size } : undefined
    }),
  )
  return files.filter((file) => file !== undefined)
}

/** `2026-11-22T04-30-00-123Z-api-4711-profile.pb.gz`: in order of time, and nothing a shell minds. */
function fileName({ startedAtMs, target, kind, extension }: RecordedProfile): string {
  const time = new Date(startedAtMs).toISOString().replace(/[:.]/g, '-')
  const name = target.name.replace(/[^\w.-]/g, '_').slice(0, 64)
  return `${time}-${name}-${target.pid}-${kind}${extension}`
}

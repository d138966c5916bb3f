/** Where profiles go that nobody asked for in person: the spool, and an engine where one is configured. */
import type { FolderLimits } from './profile-folder.ts'
import { Push, type PushParts, type PushSettings } from './push/push.ts'
import type { TakeProfile } from './recorded-profile.ts'
import { Spool } from './spool.ts'

export interface RecorderSettings {
  readonly spool: FolderLimits
  /** Undefined: off. */
  readonly push: PushSettings | undefined
}

export interface RecorderFolders {
  readonly spool: string
  readonly outgoing: string
}

export class Recorder {
  readonly spool: Spool
  /** Undefined: off. */
  push: Push | undefined
  readonly #parts: PushParts
  #take: TakeProfile | undefined

  constructor(
    settings: RecorderSettings,
    folders: RecorderFolders,
    parts: Omit<PushParts, 'folder'>,
  ) {
    this.spool = new Spool(folders.spool, settings.spool)
    this.#parts = { ...parts, folder: folders.outgoing }
    this.push = settings.push && new Push(settings.push, this.#parts)
  }

  begin(take: TakeProfile): void {
    this.#take = take
    this.spool.begin()
    this.push?.begin(take)
  }

  async end(): Promise<void> {
    this.#take = undefined
    this.spool.end()
    await this.push?.end()
  }

  async reconfigure({ spool, push }: RecorderSettings): Promise<void> {
    this.spool.reconfigure(spool)
    if (push === undefined || this.push === undefined) {
      const before = this.push
      this.push = push && new Push(push, this.#parts)
      await before?.end()
      if (this.#take !== undefined) this.push?.begin(this.#take)
    } else {
      await this.push.reconfigure(push)
    }
  }
}

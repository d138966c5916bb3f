import type { ThreadRecording } from './cpu-recording.ts'
import type { ThreadWindows } from './cpu-threads.ts'

/** Puts the windows of each thread together. */
export class WindowedRecording {
  readonly #pid: number
  readonly #windows = new Map<string, Uint8Array[]>()
  longestPauseMs = 0

  constructor(pid: number) {
    this.#pid = pid
  }

  get threads(): readonly ThreadRecording[] {
    return [...this.#windows].flatMap(([thread, [profileJson, ...laterWindows]]) =>
      profileJson === undefined
        ? []
        : laterWindows.length === 0
          ? [{ pid: this.#pid, thread, profileJson }]
          : [{ pid: this.#pid, thread, profileJson, laterWindows }],
    )
  }

  /** Returns the bytes of the largest of them. */
  add({ threads, pauseMs }: ThreadWindows): number {
    this.longestPauseMs = Math.max(this.longestPauseMs, pauseMs)
    for (const { thread, profileJson } of threads) {
      const windows = this.#windows.get(thread) ?? []
      this.#windows.set(thread, [...windows, profileJson])
    }
    return Math.max(0, ...threads.map(({ profileJson }) => profileJson.byteLength))
  }
}

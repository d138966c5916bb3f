/** How messages travel to an inspector and back; one JSON text each (Chrome DevTools Protocol). */
export interface Transport {
  send(message: string): void
  /**
   * Whether the other end is an inspector's listener: a message may wait there until another one was
   * acknowledged (Nagle's algorithm), and none may be on its way when the connection ends (`Session.close`).
   */
  readonly isRemote?: boolean
  /** Reads nothing more, so that the rest waits in the target; what is under way may still come. */
  pause(): void
  resume(): void
  /** Idempotent; `onclose` follows. */
  close(): void
  /** UTF-8 bytes of one message: large results are never turned into a string. */
  onmessage: (message: Uint8Array) => void
  /** Called once, with the reason where the end was not asked for. */
  onclose: (reason?: Error) => void
}

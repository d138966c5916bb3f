/**
 * A terminal as one page that is drawn again and again, and given back as it was: its contents, cursor
 * and mode, however pprofd ends.
 */
import { emitKeypressEvents } from 'node:readline'
import ansiEscapes from 'ansi-escapes'

export interface ScreenEvents {
  /** `a`, `A`, `ctrl-c`, `tab`, `space`, `left`, ... */
  readonly onKey: (key: string) => void
  readonly onResize: () => void
}

interface Keypress {
  readonly name?: string | undefined
  readonly ctrl?: boolean
  readonly sequence?: string
}

/** Where a terminal does not say its size. */
const usualSize = { columns: 80, rows: 24 }

export class TerminalScreen {
  readonly #input: NodeJS.ReadStream
  readonly #output: NodeJS.WriteStream
  readonly #events: ScreenEvents
  /** The terminal takes nothing at the moment, over a slow line, say. */
  #isFull = false
  #isOpen = false

  constructor(input: NodeJS.ReadStream, output: NodeJS.WriteStream, events: ScreenEvents) {
    this.#input = input
    this.#output = output
    this.#events = events
  }

  get size(): { readonly columns: number; readonly rows: number } {
    const { columns, rows } = this.#output
    return { columns: columns || usualSize.columns, rows: rows || usualSize.rows }
  }

  open(): void {
    this.#isOpen = true
    // Whatever ends pprofd; what is written then is written at once.
    process.on('exit', this.close)
    this.#output.on('resize', this.#events.onResize)
    this.#output.on('drain', this.#drained)
    if (this.#input.isTTY) {
      emitKeypressEvents(this.#input)
      this.#input.setRawMode(true)
      this.#input.on('keypress', this.#pressed)
      this.#input.resume()
    }
    this.#output.write(ansiEscapes.enterAlternativeScreen + ansiEscapes.cursorHide)
  }

  /** No line may be wider than the terminal. */
  draw(lines: readonly string[]): void {
    if (!this.#isOpen || this.#isFull) return
    const all = Array.from({ length: this.size.rows }, (_, index) => lines[index] ?? '')
    // Erased first: behind a line that ends in the last column its last character would be.
    const text = all.map((line) => ansiEscapes.eraseLine + line).join('\r\n')
    const page = ansiEscapes.cursorTo(0, 0) + text
    this.#isFull = !this.#output.write(
      ansiEscapes.beginSynchronizedOutput + page + ansiEscapes.endSynchronizedOutput,
    )
  }

  /** Gives the terminal back; safe to call twice. */
  readonly close = (): void => {
    if (!this.#isOpen) return
    this.#isOpen = false
    process.off('exit', this.close)
    this.#output.off('resize', this.#events.onResize)
    this.#output.off('drain', this.#drained)
    this.#output.write(ansiEscapes.cursorShow + ansiEscapes.exitAlternativeScreen)
    if (!this.#input.isTTY) return
    this.#input.off('keypress', this.#pressed)
    this.#input.setRawMode(false)
    this.#input.pause()
  }

  readonly #drained = (): void => {
    this.#isFull = false
  }

  readonly #pressed = (text: string | undefined, { name, ctrl, sequence }: Keypress): void => {
    if (ctrl) this.#events.onKey(`ctrl-${name}`)
    else if (text !== undefined && /^[!-~]$/.test(text)) this.#events.onKey(text)
    else this.#events.onKey(name ?? sequence ?? '')
  }
}

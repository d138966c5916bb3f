/** Shows the board: on the whole terminal with keys, or as text where there is none. */
import { cleanText } from '../../convert/clean-text.ts'
import { cutText } from './cut-text.ts'
import { TerminalScreen } from './terminal-screen.ts'
import type { TopBoard } from './top-board.ts'
import { helpLines } from './top-help.ts'
import { firstView, pressKey, type TopView } from './top-keys.ts'
import { plainText, topLines } from './top-lines.ts'
import type { TopSnapshot } from './top-snapshot.ts'

export interface TopDisplayOptions {
  /** Pictures with news, after which it ends. */
  readonly count: number
  /** Called when the user quits, or the last picture was shown. */
  readonly onEnd: () => void
}

export class TopDisplay {
  readonly #board: TopBoard
  readonly #options: TopDisplayOptions
  readonly #screen: TerminalScreen | undefined
  #view: TopView = firstView
  #name = ''
  /** What a paused picture shows. */
  #held: TopSnapshot | undefined
  #shown = 0
  /** Of the board, at the last picture. */
  #windowCount = 0
  #isClosed = false

  constructor(board: TopBoard, options: TopDisplayOptions) {
    this.#board = board
    this.#options = options
    const { stdin, stdout, env } = process
    const isTerminal = stdout.isTTY && env.TERM !== 'dumb'
    const events = { onKey: (key: string) => this.#press(key), onResize: () => this.#draw() }
    this.#screen = isTerminal ? new TerminalScreen(stdin, stdout, events) : undefined
  }

  open(name: string): void {
    this.#name = cleanText(name)
    this.#screen?.open()
    this.#draw()
  }

  /** The next picture. */
  show(): void {
    if (this.#isClosed) return
    if (!this.#view.isPaused) this.#held = this.#board.snapshot(this.#view)
    const { windowCount, isSilent } = this.#board
    const hasNews = windowCount > this.#windowCount || isSilent
    this.#windowCount = windowCount
    if (this.#screen) this.#draw()
    else if (hasNews && this.#held) process.stdout.write(plainText(this.#held))
    if (hasNews && ++this.#shown >= this.#options.count) this.#options.onEnd()
  }

  readonly close = (): void => {
    this.#isClosed = true
    this.#screen?.close()
  }

  #draw(): void {
    if (this.#isClosed || !this.#screen) return
    const { size } = this.#screen
    const snapshot = this.#held
    const lines = this.#view.showsHelp
      ? helpLines(size)
      : snapshot
        ? topLines(snapshot, size, process.stdout.hasColors?.() ?? false)
        : [cutText(`pprofd top: attaching to ${this.#name}`, size.columns)]
    this.#screen.draw(lines)
  }

  #press(key: string): void {
    if (this.#isClosed) return
    const { view, action } = pressKey(this.#view, key, this.#board.threads)
    this.#view = view
    if (action === 'quit') {
      this.#options.onEnd()
      return
    }
    if (action === 'reset') this.#board.reset()
    // Another thread or column of a held picture is looked up now, or nothing would happen.
    this.#held = this.#board.snapshot(view)
    this.#draw()
  }
}

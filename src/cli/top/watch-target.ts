/** One process on the screen: its windows into the board, the board onto the display. */
import { watchTop } from '../../captures/top.ts'
import type { FindSources } from '../../convert/source-lookup.ts'
import type { Target } from '../../targets/target.ts'
import { captureInterrupts } from '../capture-interrupts.ts'
import type { DirectTargets } from '../direct-targets.ts'
import { lostStreams } from './lost-streams.ts'
import { TopBoard } from './top-board.ts'
import { TopDisplay } from './top-display.ts'

/** A picture where no window comes, because the thread does not answer. */
const refreshMs = 1200

interface WatchOptions {
  readonly durationMs: number
  readonly count: number
  readonly hz: number
  readonly maxPauseMs: number | undefined
  readonly sources: FindSources | undefined
}

/** Until somebody or something ends it; the target and the terminal are as before then. */
export async function watchTarget(
  targets: DirectTargets['targets'],
  target: Target,
  { durationMs, count, hz, maxPauseMs, sources }: WatchOptions,
): Promise<void> {
  const board = new TopBoard(hz, sources)
  const quit = new AbortController()
  const display = new TopDisplay(board, { count, onEnd: () => quit.abort() })
  const { endEarly, abort, release } = captureInterrupts()
  const lost = lostStreams(() => quit.abort())
  const end = AbortSignal.any([quit.signal, endEarly, abort])
  // Whoever quits has the terminal back at once; letting go of the target may take seconds.
  end.addEventListener('abort', display.close)
  let timer = setTimeout(() => {}, 0)
  const refresh = () => {
    clearTimeout(timer)
    display.show()
    timer = setTimeout(refresh, refreshMs)
  }
  const read = async () => {
    const [times, memory] = await Promise.all([
      targets.processTimes(target).catch(() => undefined),
      targets.memory(target).catch(() => undefined),
    ])
    board.addReadings(times?.threads, memory?.resident?.residentBytes)
  }
  let reading = setTimeout(() => {}, 0)
  const readOn = () => {
    void read().then(() => {
      if (!end.aborted) reading = setTimeout(readOn, 1000)
    })
  }
  let over = setTimeout(() => {}, 0)
  try {
    display.open(target.name)
    await watchTop(targets, target, {
      hz,
      maxPauseMs,
      end,
      onStart: (start) => {
        board.started(start)
        readOn()
        refresh()
      },
      onThread: (thread) => {
        board.addThread(thread)
        if (thread.thread !== 'main') return
        refresh()
        over = setTimeout(() => quit.abort(), durationMs)
      },
      onWindow: async (window) => {
        const isRestless = await board.addWindow(window)
        if (window.thread === 'main') refresh()
        return isRestless
      },
      onThreadEnd: (thread) => board.removeThread(thread),
    })
  } finally {
    quit.abort()
    for (const one of [timer, reading, over]) clearTimeout(one)
    display.close()
    release()
    lost.release()
  }
  const closed = targets.inspectorsLeftOpen === 0
  process.stderr.write(lastWords(target, board, closed))
}

function lastWords({ name, pid }: Target, { pauses }: TopBoard, isClosed: boolean): string {
  const cost =
    pauses === undefined
      ? ''
      : `, which stood still for at most ${Math.ceil(pauses.startMs)} ms at the start and about ` +
        `${Math.ceil(pauses.laterMs)} ms each second after it`
  return `watched ${name} (pid ${pid})${cost}${isClosed ? '; it is as before' : ''}\n`
}

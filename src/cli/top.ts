/** `pprofd top`: where a running process spends its time, live in the terminal. */
import { watchTop } from '../captures/top.ts'
import type { FindSources } from '../convert/source-lookup.ts'
import type { Target } from '../targets/target.ts'
import { captureInterrupts } from './capture-interrupts.ts'
import { type Commands, type CommonFlags, targetArgument } from './command.ts'
import { type DirectTargets, withTargets } from './direct-targets.ts'
import { numberFlag } from './number-flag.ts'
import { captureFlags } from './run-capture.ts'
import { sourceMapsFlag, withSources } from './target-sources.ts'
import { lostStreams } from './top/lost-streams.ts'
import { TopBoard } from './top/top-board.ts'
import { TopDisplay } from './top/top-display.ts'

interface TopFlags extends CommonFlags {
  readonly target: string
  readonly seconds?: string | undefined
  readonly count?: string | undefined
  readonly hz?: string | undefined
  readonly force?: boolean | undefined
  readonly sourceMaps?: boolean | undefined
}

/** A day: who wants more of it takes profiles. */
const maxSeconds = 86_400

/** A picture where no window comes, because the thread does not answer. */
const refreshMs = 1200

export function addTopCommand({ cli, run }: Commands): void {
  cli.command(
    'top <target>',
    'Show live where a running Node process spends its time',
    (command) =>
      command
        .positional('target', targetArgument)
        .options({
          seconds: {
            alias: 's',
            type: 'string',
            requiresArg: true,
            defaultDescription: 'until q or Ctrl-C',
            description: 'How long to watch',
          },
          count: {
            type: 'string',
            requiresArg: true,
            description: 'How many pictures, one a second',
          },
          hz: {
            type: 'string',
            requiresArg: true,
            defaultDescription: '100',
            description: 'Samples a second of each thread, 1 to 1000; more of them cost it more',
          },
          force: captureFlags.force,
          'source-maps': sourceMapsFlag,
        } as const)
        .example(
          '$0 top api',
          'keys: 1 to 4 sort, t switches the thread, p holds, ? helps, q quits',
        )
        .example('$0 top 4711 -s 10 > top.txt', 'a table a second as text')
        .epilogue(
          'While it runs the inspector of the process is open: any user of this machine who can reach ' +
            'its port can run code in it. It is closed at the end, unless it was open before.',
        ),
    run((args: TopFlags) => withTargets(args, (direct) => top(args, direct))),
  )
}

async function top(flags: TopFlags, direct: DirectTargets): Promise<number> {
  const { targets, config } = direct
  const range = { fallback: maxSeconds, above: 0, max: maxSeconds }
  const durationMs = numberFlag('--seconds', flags.seconds, range) * 1000
  const countRange = { fallback: Number.POSITIVE_INFINITY, min: 1, max: 1_000_000 }
  const count = numberFlag('--count', flags.count, countRange)
  const hz = numberFlag('--hz', flags.hz, { fallback: config.profile.hz, min: 1, max: 1000 })
  const target = await targets.resolve(flags.target)
  // What a crashed command left open is closed by the next one that may touch processes at all.
  await targets.recover()
  const maxPauseMs = flags.force ? undefined : config.limits.maxPauseMs
  await withSources(target, flags.sourceMaps ?? config.sourceMaps, (sources) =>
    watch(direct, target, { durationMs, count, hz, maxPauseMs, sources }),
  )
  return 0
}

interface WatchOptions {
  readonly durationMs: number
  readonly count: number
  readonly hz: number
  readonly maxPauseMs: number | undefined
  readonly sources: FindSources | undefined
}

async function watch(
  { targets }: DirectTargets,
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

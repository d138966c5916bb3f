/** `pprofd top`: where a running process spends its time, live in the terminal. */
import { type Commands, type CommonFlags, ownOptions, targetArgument } from './command.ts'
import { type DirectTargets, withTargets } from './direct-targets.ts'
import { numberFlag } from './number-flag.ts'
import { captureFlags } from './run-capture.ts'
import { sourceMapsFlag, withSources } from './target-sources.ts'

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

export function addTopCommand({ cli, run }: Commands): void {
  cli.command(
    'top <target>',
    'Show live where a running Node process spends its time',
    (command) =>
      command
        .positional('target', targetArgument)
        .options(
          ownOptions({
            seconds: {
              alias: 's',
              type: 'string',
              requiresArg: true,
              defaultDescription: 'until q or Ctrl-C',
              description: 'How long to watch, in seconds',
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
          }),
        )
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
  // What draws is loaded by nobody else.
  const { watchTarget } = await import('./top/watch-target.ts')
  await withSources(target, flags.sourceMaps ?? config.sourceMaps, (sources) =>
    watchTarget(targets, target, { durationMs, count, hz, maxPauseMs, sources }),
  )
  return 0
}

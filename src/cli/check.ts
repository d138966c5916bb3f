/** `pprofd check`: what attaching to one target would do, and why not. Touches nothing. */
import type { PauseEstimate } from '../targets/pause-estimate.ts'
import type { Preflight } from '../targets/target.ts'
import { targetSummary } from '../targets/target-summary.ts'
import { type Commands, ownOptions, targetArgument } from './command.ts'
import { withTargets } from './direct-targets.ts'
import { formatTable } from './table.ts'

export function addCheckCommand({ cli, run }: Commands): void {
  cli.command(
    'check <target>',
    'Say what attaching to a target would do, and why not; exit code 1 when it is refused',
    (command) =>
      command
        .positional('target', targetArgument)
        .options(
          ownOptions({ json: { type: 'boolean', default: false, description: 'Print JSON' } }),
        )
        .example('$0 check 4711', 'before the first capture in production'),
    run(async (args) => {
      const result = await withTargets(args, async ({ targets }) =>
        targets.preflight(await targets.resolve(args.target)),
      )
      const text = args.json ? JSON.stringify(targetSummary(result), null, 2) : asText(result)
      process.stdout.write(`${text}\n`)
      return result.attachable ? 0 : 1
    }),
  )
}

function asText({ target, checks, warnings, attachable, estimatedPause }: Preflight): string {
  const rows = checks.map(({ ok, name, detail }) => [ok ? 'ok' : 'NO', name, detail])
  const verdict = attachable
    ? `pprofd can attach to ${target.name} (pid ${target.pid}).`
    : `pprofd would not attach to ${target.name} (pid ${target.pid}).`
  const pause =
    estimatedPause === undefined
      ? []
      : [`pause: a CPU profile's start stops it for about ${pauseRange(estimatedPause)}`]
  return [
    formatTable(rows),
    ...warnings.map((warning) => `note: ${warning}`),
    ...pause,
    verdict,
  ].join('\n')
}

function pauseRange({ fromMs, toMs }: PauseEstimate): string {
  return `${fromMs} to ${toMs} ms, judged by its memory`
}

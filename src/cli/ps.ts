/** `pprofd ps`: the processes that can be asked for, and whether attaching would work. */
import type { Preflight } from '../targets/target.ts'
import { targetSummary } from '../targets/target-summary.ts'
import { type Commands, ownOptions } from './command.ts'
import { withTargets } from './direct-targets.ts'
import { formatTable } from './table.ts'

export function addPsCommand({ cli, run }: Commands): void {
  cli.command(
    'ps',
    'List the Node processes and whether pprofd can attach to them',
    (command) =>
      command
        .options(
          ownOptions({ json: { type: 'boolean', default: false, description: 'Print JSON' } }),
        )
        .example('$0 ps', 'what runs here, and what may be profiled')
        .example('$0 ps --json', 'for scripts'),
    run(async (args) => {
      const found = await withTargets(args, async ({ targets }) => {
        const list = (await targets.list()).filter(({ kind }) => kind !== 'self')
        return Promise.all(list.map((target) => targets.preflight(target)))
      })
      const text = args.json ? JSON.stringify(found.map(targetSummary), null, 2) : asTable(found)
      process.stdout.write(`${text}\n`)
      return 0
    }),
  )
}

function asTable(found: readonly Preflight[]): string {
  if (found.length === 0) return 'No Node process is running.'
  const rows = found.map(({ target, attachable, via, refusal }) => [
    target.id,
    target.pid === 0 ? '-' : String(target.pid),
    target.name,
    attachable ? 'yes' : 'no',
    attachable ? (via === 'signal' ? 'by SIGUSR1' : 'its inspector is open') : (refusal ?? ''),
  ])
  return formatTable([['TARGET', 'PID', 'NAME', 'ATTACH', 'HOW'], ...rows])
}

/** `pprofd profile`: one CPU profile into a file, without a daemon. */
import { type CpuFormat, cpuFormats, encodeCpuProfile } from '../convert/cpu-formats.ts'
import { type Commands, ownOptions, targetArgument } from './command.ts'
import { type CpuCommand, cpuFlags, recordToFile } from './cpu-command.ts'
import { withTargets } from './direct-targets.ts'

const profile: CpuCommand<CpuFormat> = {
  kind: 'profile',
  file: 'cpu',
  formats: Object.keys(cpuFormats) as CpuFormat[],
  encode: encodeCpuProfile,
}

export function addProfileCommand({ cli, run }: Commands): void {
  cli.command(
    'profile <target>',
    'Record a CPU profile of a running Node process into a file',
    (command) =>
      command
        .positional('target', targetArgument)
        .options(ownOptions(cpuFlags(profile)))
        .example('$0 profile 4711 -s 5 -o cpu.pb.gz', 'then: go tool pprof -http=: cpu.pb.gz')
        .example('$0 profile api -s 10 -o cpu.md', 'a one-page summary to read')
        .example('$0 profile api -s 5 -o cpu.speedscope.json', 'drop it on https://speedscope.app'),
    run((args) => withTargets(args, (direct) => recordToFile(args, direct, profile))),
  )
}

/** `pprofd wall`: where threads spend their time, waiting included, into a file, without a daemon. */
import { encodeWallProfile, type WallFormat, wallFormats, wallHz } from '../convert/wall-formats.ts'
import { type Commands, ownOptions, targetArgument } from './command.ts'
import { type CpuCommand, cpuFlags, recordToFile } from './cpu-command.ts'
import { withTargets } from './direct-targets.ts'

const wall: CpuCommand<WallFormat> = {
  kind: 'wall',
  file: 'wall',
  formats: wallFormats,
  defaultHz: wallHz,
  encode: encodeWallProfile,
}

export function addWallCommand({ cli, run }: Commands): void {
  cli.command(
    'wall <target>',
    'Record where the threads of a running Node process spend their time, waiting included',
    (command) =>
      command
        .positional('target', targetArgument)
        .options(ownOptions(cpuFlags(wall)))
        .example('$0 wall 4711 -s 5 -o wall.pb.gz', 'then: go tool pprof -http=: wall.pb.gz')
        .example('$0 wall api -s 5 -o wall.collapsed', 'a line for each stack, for flame graphs'),
    run((args) => withTargets(args, (direct) => recordToFile(args, direct, wall))),
  )
}

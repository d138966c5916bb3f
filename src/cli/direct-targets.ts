/** The way to targets for commands that attach by themselves, without a daemon. */
import type { Config } from '../config/config.ts'
import { loadConfig } from '../config/load-config.ts'
import { stateFolder } from '../config/state-folder.ts'
import { Targets } from '../targets/targets.ts'
import type { CommonFlags } from './command.ts'

export interface DirectTargets {
  readonly targets: Targets
  readonly config: Config
}

/** Runs `work` and then lets go of every target, also when it fails. */
export async function withTargets<T>(
  flags: CommonFlags,
  work: (direct: DirectTargets) => Promise<T>,
): Promise<T> {
  const config = await loadConfig({ file: flags.config, env: process.env })
  const { limits } = config
  const targets = new Targets({
    configured: config.targets,
    defaultTarget: config.defaultTarget,
    discover: config.discover.enabled,
    discoverMatch: config.discover.match,
    profiles: config.profiles,
    commandTimeoutMs: limits.commandTimeoutMs,
    maxMessageBytes: limits.maxProfileBytes,
    stateFolder: stateFolder(config.stateDir, process.env),
  })
  try {
    return await work({ targets, config })
  } finally {
    const leftOpen = await targets.close()
    if (leftOpen > 0) warnLeftOpen()
  }
}

function warnLeftOpen(): void {
  process.stderr.write(
    'warning: the inspector of the target is still open, or may open later: it did not react in time. ' +
      'The next capture, or the daemon, closes it as soon as it reacts\n' +
      'try: pprofd ps\n',
  )
}

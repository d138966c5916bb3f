import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * Where pprofd writes down what it has open in targets: what the configuration says, else systemd's
 * StateDirectory= (systemd.exec(5)), else /var/lib for root and the XDG state folder for others.
 */
export function stateFolder(
  configured: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  uid = process.getuid?.(),
): string {
  if (configured !== undefined) return configured
  // systemd joins several folders with colons; the first one is ours.
  const bySystemd = env.STATE_DIRECTORY?.split(':')[0]
  if (bySystemd) return bySystemd
  if (uid === 0) return '/var/lib/pprofd'
  return join(env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'pprofd')
}

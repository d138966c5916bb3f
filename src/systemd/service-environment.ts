/**
 * What systemd tells a service in its environment: sd_notify(3), sd_watchdog_enabled(3) and
 * sd_listen_fds(3). It is taken out of the environment, for none of it is meant for our children.
 */
import { InputError } from '../errors.ts'

export interface ServiceEnvironment {
  readonly notifySocket: string | undefined
  readonly watchdogMs: number | undefined
  /** The socket that systemd listens on for us; undefined: pprofd listens by itself. */
  readonly passedFd: number | undefined
  readonly path: string | undefined
}

type Environment = Record<string, string | undefined>

/** SD_LISTEN_FDS_START */
const firstPassedFd = 3

const taken = [
  'NOTIFY_SOCKET',
  'WATCHDOG_USEC',
  'WATCHDOG_PID',
  'LISTEN_FDS',
  'LISTEN_PID',
  'LISTEN_PIDFDID',
  'LISTEN_FDNAMES',
] as const

/** @throws {InputError} config-invalid, where more than one socket was passed. */
export function takeServiceEnvironment(env: Environment, pid = process.pid): ServiceEnvironment {
  const { NOTIFY_SOCKET, PATH, ...rest } = env
  for (const name of taken) delete env[name]
  return {
    notifySocket: NOTIFY_SOCKET || undefined,
    watchdogMs: watchdogMs(rest, pid),
    passedFd: passedFd(rest, pid),
    path: PATH,
  }
}

function watchdogMs({ WATCHDOG_USEC, WATCHDOG_PID }: Environment, pid: number): number | undefined {
  if (WATCHDOG_PID !== undefined && WATCHDOG_PID !== String(pid)) return undefined
  const us = Number(WATCHDOG_USEC)
  return Number.isFinite(us) && us > 0 ? us / 1000 : undefined
}

function passedFd({ LISTEN_FDS, LISTEN_PID }: Environment, pid: number): number | undefined {
  // Meant for a process that started us, such as a shell.
  if (LISTEN_PID !== String(pid)) return undefined
  const count = Number(LISTEN_FDS)
  if (!(count > 0)) return undefined
  if (count === 1) return firstPassedFd
  throw new InputError(
    'config-invalid',
    `systemd passed ${LISTEN_FDS} sockets and pprofd serves one; leave one ListenStream= in pprofd.socket`,
  )
}

/**
 * Starts a target's executable once more, with a program of ours. The file belongs to whoever runs the
 * target, so it gets no right that they do not have: root becomes `nobody` for it, it runs inside the
 * target's own namespaces, and where none of this can be had, it does not run.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { open, stat } from 'node:fs/promises'
import { CaptureError } from '../errors.ts'
import { childPids } from '../proc/child-pids.ts'
import { readProcLink, unlessDenied } from '../proc/proc-file.ts'
import { readProcessStatus } from '../proc/process-status.ts'
import { readBuildId } from './build-constants.ts'
import { calibrationProgram } from './calibration-program.ts'

export interface CalibrationChild {
  readonly pid: number
  kill(): void
}

/** Node starts in 50 ms here; a machine under load may need many times that. */
const readyTimeoutMs = 10_000
/** The user that owns nothing, by Linux's convention. */
const nobody = 65_534
const nodeArguments = ['--expose-gc', '-e', calibrationProgram]

/** `fd`: the open executable. Rejects with census-refused where the child may not or does not run. */
export async function startCalibrationChild(
  targetPid: number,
  procRoot: string,
  fd: number,
  buildId: string,
): Promise<CalibrationChild> {
  const own = await isOwnBuild(buildId)
  const isElsewhere = !own && (await isInOtherMounts(targetPid, procRoot))
  if (!own) await checkMayRun(targetPid, procRoot, isElsewhere)
  const [file, ...args] = own
    ? // What runs, not what an upgrade may have put at its path.
      ['/proc/self/exe', ...nodeArguments]
    : isElsewhere
      ? [...enterArguments(targetPid), '/proc/self/fd/3', ...nodeArguments]
      : ['/proc/self/fd/3', ...nodeArguments]
  const isRoot = process.geteuid?.() === 0
  const child = spawn(...untouched(file ?? '', args), {
    argv0: isElsewhere ? undefined : 'node',
    cwd: '/',
    env: {},
    stdio: ['ignore', 'pipe', 'ignore', fd],
    ...(isRoot && !isElsewhere ? { uid: nobody, gid: nobody } : {}),
  })
  try {
    await untilReady(child)
    const pid = child.pid ?? -1
    // nsenter(1) forks where it enters a pid namespace.
    const inner = isElsewhere ? (await childPids(pid)).at(0) : undefined
    return { pid: inner ?? pid, kill: () => kill(child, inner) }
  } catch (cause) {
    kill(child)
    const why = cause instanceof Error ? cause.message : String(cause)
    throw refused(`a child of the same Node to learn its layout from did not run: ${why}`, cause)
  }
}

/**
 * What patches child_process from NODE_OPTIONS, such as tools that measure coverage, puts code of its
 * own into every child that is a Node; it leaves env(1) alone.
 */
function untouched(file: string, args: readonly string[]): [string, string[]] {
  if (process.env.NODE_OPTIONS === undefined) return [file, [...args]]
  const path = file === '/proc/self/exe' ? process.execPath : file
  return ['env', ['-i', `PATH=${process.env.PATH}`, path, ...args]]
}

/** No more rights than the target has: ours are dropped by setuid, which nsenter does last. */
function enterArguments(pid: number): string[] {
  const user = process.geteuid?.() === 0 ? [`--setuid=${nobody}`, `--setgid=${nobody}`] : []
  return ['nsenter', `--target=${pid}`, '--all', ...user]
}

async function checkMayRun(pid: number, procRoot: string, isElsewhere: boolean): Promise<void> {
  if (process.geteuid?.() === 0) return
  const status = await readProcessStatus(pid, procRoot)
  const isOurs = status?.uid === process.geteuid?.()
  if (isOurs && !isElsewhere) {
    const own = await readProcessStatus(process.pid, procRoot)
    // A child inherits ambient capabilities; the target's user has none of them.
    if (own?.effectiveCapabilities === 0n) return
    throw otherBuild('pprofd has capabilities that it must not get')
  }
  const where = isElsewhere ? 'is in another container' : 'belongs to another user'
  throw otherBuild(`process ${pid} ${where}`)
}

/** A build id can be forged: it only decides that our own file is run, and nobody else's. */
async function isOwnBuild(buildId: string): Promise<boolean> {
  if (buildId === '') return false
  const file = await open('/proc/self/exe', 'r')
  try {
    return (await readBuildId(file)) === buildId
  } finally {
    await file.close()
  }
}

async function isInOtherMounts(pid: number, procRoot: string): Promise<boolean> {
  const [own, theirs] = await Promise.all(
    ['/proc/self', `${procRoot}/${pid}`].map((folder) =>
      unlessDenied(readProcLink(`${folder}/ns/mnt`)),
    ),
  )
  if (own !== undefined && own === theirs) return false
  return process.geteuid?.() === 0 || !(await hasOurRoot(pid, procRoot))
}

/** systemd gives a hardened service a mount namespace of its own, with the same files in it. */
async function hasOurRoot(pid: number, procRoot: string): Promise<boolean> {
  const [own, theirs] = await Promise.all(
    ['/', `${procRoot}/${pid}/root/`].map((path) => unlessDenied(stat(path))),
  )
  return own !== undefined && own.dev === theirs?.dev && own.ino === theirs.ino
}

function untilReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`it was not ready after ${readyTimeoutMs} ms`)),
      readyTimeoutMs,
    )
    const settle = (error?: Error) => {
      clearTimeout(timer)
      if (error === undefined) resolve()
      else reject(error)
    }
    child.once('error', settle)
    child.once('exit', (code, signal) => settle(new Error(`it ended with ${code ?? signal}`)))
    child.stdout?.once('data', () => settle())
  })
}

function kill(child: ChildProcess, inner?: number): void {
  child.stdout?.destroy()
  if (inner !== undefined && child.exitCode === null) process.kill(inner, 'SIGKILL')
  child.kill('SIGKILL')
}

function otherBuild(why: string): CaptureError {
  return refused(`its Node is another build than pprofd's own and ${why}`)
}

function refused(why: string, cause?: unknown): CaptureError {
  const message = `no census of suspended functions: ${why}`
  return new CaptureError('census-refused', message, {
    cause,
    tryNext: 'run pprofd as root, or with the same Node as the target',
  })
}

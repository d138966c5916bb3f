// Runs the command line in this process, and catches what it writes.
import type { Test } from 'tap'
import { runCli } from '../../src/cli/cli.ts'
import { pprofdEnvironment } from '../fixtures/support/daemon.ts'

export interface InProcessResult {
  /** What `runCli` resolved to; undefined when it threw. */
  readonly exitCode: number | undefined
  readonly error: unknown
  readonly stdout: string
  readonly stderr: string
}

/** tap writes to the same stdout: assert nothing before this has resolved. */
export async function runCliInProcess(
  t: Test,
  args: readonly string[],
  { isTerminal = false }: { readonly isTerminal?: boolean } = {},
): Promise<InProcessResult> {
  Object.assign(process.env, pprofdEnvironment)
  const stdout = catchWrites(t, process.stdout, isTerminal)
  const stderr = catchWrites(t, process.stderr, isTerminal)
  const caught = () => ({ stdout: stdout.end(), stderr: stderr.end() })
  try {
    const exitCode = await runCli(args)
    return { exitCode, error: undefined, ...caught() }
  } catch (error) {
    return { exitCode: undefined, error, ...caught() }
  }
}

function catchWrites(t: Test, stream: NodeJS.WriteStream, isTerminal: boolean) {
  const chunks: Buffer[] = []
  const write = (chunk: string | Uint8Array, done?: () => void): boolean => {
    chunks.push(Buffer.from(chunk))
    if (typeof done === 'function') done()
    return true
  }
  const replaced = [
    t.intercept(stream, 'write', { value: write, configurable: true }),
    t.intercept(stream, 'isTTY', { value: isTerminal, configurable: true }),
  ]
  return {
    end: (): string => {
      for (const { restore } of replaced) restore()
      return Buffer.concat(chunks).toString()
    },
  }
}

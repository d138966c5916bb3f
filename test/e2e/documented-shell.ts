// A shell as a reader of the documents has it: `pprofd` is on the PATH, the folder is a fresh one.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { pprofdEntry, pprofdEnvironment } from '../fixtures/support/daemon.ts'
import { type CommandResult, runCommand } from '../fixtures/support/run-command.ts'

export interface DocumentedShell {
  /** Its working folder, which is its home, too. */
  readonly folder: string
  run(script: string): Promise<CommandResult>
}

/** Longest of a command, on a machine that does much else; the first of Go's tools is compiled for it. */
const timeoutMs = 150_000

/** `folder`: made in `t.testdir()`. */
export function openShell(
  t: Test,
  folder: string,
  env: Readonly<Record<string, string>> = {},
): DocumentedShell {
  const path = join(t.testdirName, folder)
  const bin = join(path, '.bin')
  mkdirSync(bin, { recursive: true })
  const wrapper = `#!/bin/sh\nexec '${process.execPath}' '${pprofdEntry}' "$@"\n`
  writeFileSync(join(bin, 'pprofd'), wrapper, { mode: 0o755 })
  const variables = {
    ...pprofdEnvironment,
    HOME: path,
    PPROF_TMPDIR: path,
    PATH: `${bin}:${process.env.PATH}`,
    // Go's own cache, or its tools are compiled again.
    GOCACHE: process.env.GOCACHE ?? join(process.env.HOME ?? '/root', '.cache/go-build'),
    GOTOOLCHAIN: 'local',
    GOFLAGS: '',
    ...env,
  }
  return {
    folder: path,
    run: (script) =>
      runCommand('bash', ['-euo', 'pipefail', '-c', script], {
        env: variables,
        cwd: path,
        timeoutMs,
      }),
  }
}

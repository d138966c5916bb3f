// A /proc of files that a test wrote, for what real processes do not show on demand.
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Test } from 'tap'
import { temporaryFolder } from './temporary-folder.ts'

/** A file's text, or where a link leads. */
export type FakeEntry = string | { readonly link: string }

/** Paths below /proc/PID, by pid. Returns the folder to pass as `procRoot`. */
export function fakeProc(
  t: Test,
  processes: Readonly<Record<number | string, Readonly<Record<string, FakeEntry>>>>,
): string {
  const root = temporaryFolder(t)
  // Like /proc, it is open to everybody; what is in it may not be.
  chmodSync(root, 0o755)
  for (const [pid, entries] of Object.entries(processes)) {
    mkdirSync(join(root, pid), { recursive: true })
    for (const [name, entry] of Object.entries(entries)) {
      const path = join(root, pid, name)
      mkdirSync(dirname(path), { recursive: true })
      if (typeof entry === 'string') writeFileSync(path, entry)
      else symlinkSync(entry.link, path)
    }
  }
  return root
}

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

/** An empty folder of its own, however often one test asks; removed when `t` ends. */
export function temporaryFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'pprofd-test-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

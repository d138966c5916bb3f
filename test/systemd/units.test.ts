// The units and drop-ins, as systemd's own checker sees them. It needs no running systemd.
import { cpSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { checkout } from '../fixtures/support/checkout.ts'
import { runCommand } from '../fixtures/support/run-command.ts'
import { shortFolder, systemdMissing } from '../fixtures/support/systemd.ts'

const skip = await systemdMissing()
const units = join(checkout, 'systemd')

/**
 * Most exposure that `systemd-analyze security` may find, in tenths of 10. A user's systemd cannot
 * mount or restrict addresses, and does not run as root anyway; entering containers takes root.
 */
const cases: readonly {
  readonly unit: string
  readonly dropIn?: string
  readonly exposure?: number
}[] = [
  { unit: 'pprofd.service', exposure: 20 },
  { unit: 'pprofd.service', dropIn: 'capabilities.conf', exposure: 24 },
  { unit: 'pprofd.service', dropIn: 'containers.conf', exposure: 46 },
  { unit: 'pprofd.socket' },
  { unit: 'user/pprofd.service' },
]

for (const { unit, dropIn, exposure } of cases) {
  t.test(`${unit} ${dropIn ?? ''} is right, and as tight as said`, { skip }, async (t) => {
    const path = install(t, unit, dropIn)
    const scope = unit.startsWith('user/') ? ['--user'] : []
    // The checker takes unknown keys for warnings, and passes.
    const verified = await analyze(t, [...scope, 'verify', path])
    t.match(verified, { code: 0, stderr: '' })
    if (exposure === undefined) return
    const args = ['security', '--offline=true', '--no-pager', `--threshold=${exposure}`, path]
    const { code, stdout } = await analyze(t, args)
    const [found = ''] = stdout.toString().match(/Overall exposure level.*/) ?? []
    t.equal(code, 0, found)
    t.comment(found)
  })
}

t.test('every file is checked', async (t) => {
  const files = readdirSync(units, { recursive: true, withFileTypes: true })
  const names = files.filter((file) => file.isFile()).map(({ name }) => name)
  const checked = cases.map(({ unit, dropIn }) => dropIn ?? unit.replace('user/', ''))
  t.same(new Set(names), new Set(checked))
})

/** Copies what belongs together; the drop-ins lie where nobody installs all of them by mistake. */
function install(t: Test, unit: string, dropIn: string | undefined): string {
  const folder = t.testdir()
  cpSync(units, folder, { recursive: true })
  const path = join(folder, unit)
  if (dropIn === undefined) return path
  mkdirSync(`${path}.d`)
  cpSync(join(units, 'drop-ins', dropIn), join(`${path}.d`, dropIn))
  return path
}

function analyze(t: Test, args: readonly string[]) {
  // A user's systemd keeps its sockets there.
  const env = { XDG_RUNTIME_DIR: shortFolder(t) }
  return runCommand('systemd-analyze', args, { env })
}

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readNodeVersion } from '../../src/proc/node-version.ts'

t.test('an official build tells its version', async (t) => {
  t.equal(await readNodeVersion(process.pid), process.version)
  t.equal(await readNodeVersion(process.pid), process.version, 'also when it is known')
})

t.test('what does not tell has none', async (t) => {
  const root = t.testdir()
  const withText = (pid: number, text: string) => {
    mkdirSync(join(root, String(pid)))
    writeFileSync(join(root, `${pid}.bin`), text)
    symlinkSync(join(root, `${pid}.bin`), join(root, String(pid), 'exe'))
  }
  const url = 'https://nodejs.org/download/release/'
  withText(1, `${url}v99.1.2/node-v99.1.2.tar.gz`)
  withText(2, `${url}vX/node-v1 ${url}v98.0.1/node-v98.0.1.tar.gz`)
  withText(3, `${url}v1.2.3`)
  withText(4, `${'x'.repeat(4 * 1024 * 1024 - 30)}${url}v97.2.3/node-v97.2.3.tar.gz`)
  withText(5, '')
  t.equal(await readNodeVersion(1, root), 'v99.1.2')
  t.equal(await readNodeVersion(2, root), 'v98.0.1')
  t.equal(await readNodeVersion(3, root), undefined)
  t.equal(await readNodeVersion(4, root), 'v97.2.3', 'also where two readings meet')
  t.equal(await readNodeVersion(5, root), undefined)
  t.equal(await readNodeVersion(6, root), undefined, 'it has gone')
})

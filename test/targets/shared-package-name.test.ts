import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { sharedPackageName } from '../../src/targets/shared-package-name.ts'

t.test('processes of one program have one name, and what was found is not kept', async (t) => {
  const folder = t.testdir({ app: { 'package.json': '{"name":"one"}' }, '1': {}, '2': {}, '3': {} })
  for (const pid of ['1', '2']) {
    symlinkSync(folder, join(folder, pid, 'root'))
    t.equal(await sharedPackageName(join(folder, pid), '/app', 'main.js'), 'one', 'mounts unknown')
  }
  const own = () => sharedPackageName('/proc/self', join(folder, 'app'), 'main.js')
  t.same(await Promise.all([own(), own(), own()]), ['one', 'one', 'one'])
  writeFileSync(join(folder, 'app', 'package.json'), '{"name":"other"}')
  t.same(await Promise.all([own(), own()]), ['other', 'other'])
  t.equal(await sharedPackageName(join(folder, '3'), '/app', 'main.js'), undefined, 'no root')
})

t.test('where there is none, each looks for itself', async (t) => {
  const folder = t.testdir({ 'package.json': '{}' })
  const own = () => sharedPackageName('/proc/self', folder, 'main.js')
  t.same(await Promise.all([own(), own()]), [undefined, undefined])
})

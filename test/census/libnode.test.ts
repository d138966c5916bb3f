import { statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { libnodeOf, openLibnode } from '../../src/census/libnode.ts'

const path = '/usr/lib/x86_64-linux-gnu/libnode.so.108'

t.test('finds the libnode that a process has loaded, and opens that one only', async (t) => {
  const procRoot = t.testdir({ 7: { root: {}, maps: '' }, lib: { 'libnode.so.108': 'ELF' } })
  const inode = statSync(join(procRoot, 'lib', 'libnode.so.108')).ino
  t.equal(await libnodeOf(7, procRoot), undefined)
  const maps = [
    '55d0-55d1 r-xp 00000000 08:01 12 /usr/bin/node',
    `7f00-7f01 r--p 00000000 08:01 ${inode} ${path}`,
    `7f01-7f02 r-xp 00001000 08:01 ${inode} ${path}`,
  ]
  const folder = t.testdir({ 7: { maps: maps.join('\n') }, lib: { 'libnode.so.108': 'ELF' } })
  t.strictSame(await libnodeOf(7, folder), { path, inode })
  symlinkSync('..', join(folder, '7', 'root'))
  const libnode = { path: '/lib/libnode.so.108', inode: -1 }
  t.equal(await openLibnode(libnode, 7, folder), undefined, 'another file by now')
  t.equal(await openLibnode({ path: '/none', inode }, 7, folder), undefined)
  const now = statSync(join(folder, 'lib', 'libnode.so.108')).ino
  const file = await openLibnode({ ...libnode, inode: now }, 7, folder)
  t.ok(file)
  await file?.close()
})

t.test('knows that one on disk no longer is what runs', async (t) => {
  const line = `7f00-7f01 r--p 00000000 08:01 99 ${path} (deleted)`
  const procRoot = t.testdir({ 7: { maps: line } })
  t.strictSame(await libnodeOf(7, procRoot), { path, inode: 99 })
})

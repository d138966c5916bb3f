import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { GrowingFile } from '../../src/cli/growing-file.ts'

const half = Buffer.from('half of it, ')

t.test("the file bears its name when it is whole, and is its owner's", async (t) => {
  const folder = t.testdir({ 'a.txt': 'older' })
  const path = join(folder, 'a.txt')
  const file = new GrowingFile(path)
  await file.write(half)
  t.equal(readFileSync(path, 'utf8'), 'older')
  await file.write(half)
  await file.finish()
  t.equal(readFileSync(path, 'utf8'), 'half of it, half of it, ')
  t.equal(statSync(path).mode & 0o777, 0o600)
  t.strictSame(readdirSync(folder), ['a.txt'])
})

t.test('.gz is gzipped', async (t) => {
  const path = join(t.testdir(), 'a.gz')
  const file = new GrowingFile(path)
  await file.write(half)
  await file.finish()
  t.equal(gunzipSync(readFileSync(path)).toString(), 'half of it, ')
})

t.test('a link stays a link, a device a device', async (t) => {
  const folder = t.testdir({ 'a.txt': 'older' })
  const link = join(folder, 'link.txt')
  symlinkSync('a.txt', link)
  for (const path of [link, '/dev/null']) {
    const file = new GrowingFile(path)
    await file.write(half)
    await file.finish()
  }
  t.ok(lstatSync(link).isSymbolicLink())
  t.equal(readFileSync(join(folder, 'a.txt'), 'utf8'), 'half of it, ')
  t.ok(statSync('/dev/null').isCharacterDevice())
  const stdout = new GrowingFile('-')
  await stdout.discard()
})

t.test('what is given up leaves nothing behind', async (t) => {
  const folder = t.testdir({ 'a.txt': 'older' })
  const file = new GrowingFile(join(folder, 'a.txt'))
  await file.write(half)
  await file.discard()
  t.strictSame(readdirSync(folder), ['a.txt'])
  t.equal(readFileSync(join(folder, 'a.txt'), 'utf8'), 'older')
})

for (const name of ['missing/a.txt', 'missing/a.gz']) {
  t.test(`${name} that cannot be written is said so`, async (t) => {
    const path = join(t.testdir(), name)
    const file = new GrowingFile(path)
    const refused = { code: 'parameter-invalid', message: /^cannot write .*: ENOENT/ }
    await t.rejects(file.finish(), refused)
    await t.rejects(file.write(half), refused)
    await file.discard()
    t.notOk(existsSync(path))
  })
}

t.test('a full device is said so', async (t) => {
  const file = new GrowingFile('/dev/full')
  const write = async () => {
    for (;;) await file.write(Buffer.alloc(100_000))
  }
  await t.rejects(write(), {
    message: 'cannot write /dev/full: ENOSPC: no space left on device, write',
  })
  await file.discard()
})

t.test('a file of somebody else under the temporary name is not touched', async (t) => {
  const path = join(t.testdir(), 'a.txt')
  writeFileSync(`${path}.${process.pid}.part`, 'mine')
  const file = new GrowingFile(path)
  await t.rejects(file.finish(), { message: /EEXIST/ })
  await file.discard()
  t.equal(readFileSync(`${path}.${process.pid}.part`, 'utf8'), 'mine')
})

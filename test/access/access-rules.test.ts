import { chmodSync, chownSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import {
  type AccessSettings,
  accessRules,
  ownersOnly,
  socketPermissions,
} from '../../src/access/access-rules.ts'
import { isToken, readToken, sentToken } from '../../src/access/token-file.ts'
import { readUserDatabase } from '../../src/access/user-database.ts'

const settings: AccessSettings = {
  uids: [],
  groups: [],
  targets: 'own',
  deny: [],
  socketMode: '0600',
}
const folder = t.testdir({
  passwd: `root:x:0:0:root:/root:/bin/sh
alice:x:1000:1000::/home/alice:/bin/sh
bob:x:1001:100::/home/bob:/bin/sh
carol:x:1002:1002::/home/carol:/bin/sh
+@netgroup::::::
broken
`,
  group: `root:x:0:
users:x:100:
developers:x:2000:alice,carol,nobody-here
empty:x:2001:
`,
})

t.test('users and groups are names or numbers', async (t) => {
  const database = await readUserDatabase(folder)
  const rules = await accessRules(
    {
      ...settings,
      uids: ['bob', 5000, '5001'],
      groups: ['developers', 100, 4242],
      deny: ['trace'],
    },
    database,
  )
  t.same([...rules.guestUids].sort(), [1000, 1001, 1002, 5000, 5001])
  t.match(rules, { targets: 'own', deny: ['trace'], token: undefined })
  t.same(rules.ownerUids, new Set([0, process.geteuid?.()]))
  t.same((await accessRules(settings, database)).guestUids, new Set(), 'nobody else by default')
  t.same(await accessRules(settings), ownersOnly, 'the files of this machine')
})

t.test('a name that nobody has is an error', async (t) => {
  const database = await readUserDatabase(folder)
  for (const [option, wrong, message] of [
    ['uids', { uids: ['dave'] }, /^access\.uids names the user dave, but \/etc\/passwd has none/],
    ['groups', { groups: ['alice'] }, /^access\.groups names the group alice, but \/etc\/group/],
  ] as const) {
    const rejected = accessRules({ ...settings, ...wrong }, database)
    await t.rejects(rejected, { code: 'config-invalid', message }, option)
  }
  await t.rejects(socketPermissions({ ...settings, socketGroup: 'dave' }, database), {
    message: /^access\.socketGroup names the group dave/,
  })
  const unreadable = await readUserDatabase(join(folder, 'none'))
  await t.rejects(accessRules({ ...settings, uids: ['root'] }, unreadable))
  t.same((await accessRules({ ...settings, uids: [7] }, unreadable)).guestUids, new Set([7]))
})

t.test('the permissions of a socket', async (t) => {
  const database = await readUserDatabase(folder)
  const permissions = (more: Partial<AccessSettings>) =>
    socketPermissions({ ...settings, ...more }, database)
  t.same(await permissions({}), { mode: 0o600, gid: undefined })
  t.same(await permissions({ socketMode: '0660', socketGroup: 'users' }), { mode: 0o660, gid: 100 })
  t.same(await permissions({ socketGroup: 77 }), { mode: 0o600, gid: 77 })
  t.match(await socketPermissions({ ...settings, socketGroup: 'root' }), { gid: 0 })
})

t.test('a token is read from a file of ours alone', async (t) => {
  const path = tokenFile('s3cret-s3cret-s3cret\n')
  t.equal(await readToken(path), 's3cret-s3cret-s3cret')
  t.match(await accessRules({ ...settings, tokenFile: path }), { token: 's3cret-s3cret-s3cret' })
  const wrong: readonly (readonly [title: string, text: string, message: RegExp])[] = [
    [
      'short',
      'short',
      /holds no token: one line of 16 to 4096 printable .* openssl rand -hex 32 > \//,
    ],
    ['empty', '\n', /holds no token/],
    ['spaces', 'two words of a long text', /holds no token/],
    ['two lines', 'first-line-of-the-file\nsecond-line', /holds no token/],
    ['not ASCII', 'schlüsselschlüssel', /holds no token/],
    ['too long', 'x'.repeat(4097), /holds no token/],
  ]
  for (const [title, text, message] of wrong) {
    await t.rejects(readToken(tokenFile(text)), { code: 'config-invalid', message }, title)
  }
  for (const mode of [0o640, 0o604, 0o620]) {
    chmodSync(path, mode)
    await t.rejects(readToken(path), { message: /other users can read or write; try: chmod 600 / })
  }
  await t.rejects(readToken(folder), { message: /which is no file/ })
  await t.rejects(readToken(join(folder, 'none')), { message: /cannot be read \(ENOENT\)/ })
})

const skip = process.getuid?.() === 0 ? false : 'not run as root: no file was given away'

t.test("a token in another user's file is refused", { skip }, async (t) => {
  const path = tokenFile('s3cret-s3cret-s3cret')
  chownSync(path, 1000, 1000)
  await t.rejects(readToken(path), { message: /belongs to uid 1000; chown it to uid 0 or root/ })
  t.equal(await readToken(path, { daemonUid: 1000 }), 's3cret-s3cret-s3cret', "the daemon's own")
  chownSync(path, 0, 0)
  t.equal(await readToken(path, { daemonUid: 1000 }), 's3cret-s3cret-s3cret', "root's")
})

t.test('a token is what Bearer says, or the password', (t) => {
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
  for (const [header, sent] of [
    [undefined, undefined],
    ['', undefined],
    ['Bearer', undefined],
    ['Bearer abc', 'abc'],
    ['BEARER  abc ', 'abc'],
    ['Bearer abc def', undefined],
    [basic('user:abc'), 'abc'],
    [basic(':a:b:c'), 'a:b:c'],
    [basic('abc'), undefined],
    ['Basic ****', undefined],
    ['Negotiate abc', undefined],
  ]) {
    t.equal(sentToken(header), sent, String(header))
  }
  t.equal(isToken('abc', 'abc'), true)
  for (const other of ['', 'ab', 'abcd', 'Abc']) t.equal(isToken(other, 'abc'), false)
  t.end()
})

function tokenFile(text: string): string {
  const path = join(folder, 'token')
  writeFileSync(path, text, { mode: 0o600 })
  chmodSync(path, 0o600)
  return path
}

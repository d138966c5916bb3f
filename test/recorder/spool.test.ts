// Profiles on disk: names, rights, limits, and what crashes, full disks and strangers do to them.
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parseNote } from '../../src/recorder/profile-note.ts'
import { Spool } from '../../src/recorder/spool.ts'
import { temporaryFolder } from '../proc/temporary-folder.ts'
import { pprofBytes, recordedProfile, startedAtMs } from './recorded.ts'

const mebibyte = 2 ** 20

function newSpool(t: Test, maxBytes = mebibyte, maxAgeMs?: number) {
  const folder = join(temporaryFolder(t), 'state', 'spool')
  return { folder, spool: new Spool(folder, { maxBytes, maxAgeMs }) }
}

t.test(
  'a profile lies there under a name that people read, with its note, for us alone',
  async (t) => {
    const { folder, spool } = newSpool(t)
    await spool.put(recordedProfile())
    const name = '2026-11-22T041500.123Z_shop-api_4711_profile.pb.gz'
    t.same(readdirSync(folder).sort(), [name, `${name}.json`])
    t.same(readFileSync(join(folder, name)), Buffer.from(pprofBytes))
    const note = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'))
    t.match(note, {
      id: /^[0-9a-f-]{36}$/,
      kind: 'profile',
      reason: 'rule hot: cpu 0.97 > 0.9',
      startedAt: '2026-11-22T04:15:00.123Z',
      durationMs: 1000,
      target: { name: 'shop-api', pid: 4711, uid: 1000 },
      nodeVersion: 'v20.20.2',
      sizeBytes: pprofBytes.byteLength,
    })
    t.equal(lstatSync(folder).mode & 0o777, 0o700)
    for (const file of readdirSync(folder)) {
      t.equal(lstatSync(join(folder, file)).mode & 0o777, 0o600, file)
    }
    t.match(spool.status(), { folder, profiles: 1, bytes: 8192, kept: 1, lastError: undefined })
    await spool.put(recordedProfile())
    await spool.put(recordedProfile({ kind: 'trace', extension: '.json' }))
    t.same(
      (await spool.files()).map(({ name }) => name.slice(23)),
      ['shop-api_4711_profile.pb.gz', 'shop-api_4711_profile_2.pb.gz', 'shop-api_4711_trace.json'],
    )
  },
)

const hostileNames: readonly (readonly [name: string, shown: string])[] = [
  ['../../etc/cron.d/x', 'etc-cron.d-x'],
  ['..', 'unnamed'],
  ['', 'unnamed'],
  ['.hidden', 'hidden'],
  ['-rf', 'rf'],
  ['a\nb\u001b[31m\u202ec\u0000', 'a-b-31m-c'],
  ['ü'.repeat(300), 'unnamed'],
  ['x'.repeat(300), 'x'.repeat(60)],
  ['a_4711_profile.pb.gz.json', 'a-4711-profile.pb.gz.json'],
]

t.test('what a target calls itself does not leave the folder', async (t) => {
  for (const [name, shown] of hostileNames) {
    const { folder, spool } = newSpool(t)
    const { target } = recordedProfile()
    await spool.put(recordedProfile({ target: { ...target, name }, reason: name }))
    const files = readdirSync(folder).sort()
    t.equal(files[0], `2026-11-22T041500.123Z_${shown}_4711_profile.pb.gz`)
    t.equal(files.length, 2)
    const note = readFileSync(join(folder, files[1] ?? ''), 'utf8')
    t.notMatch(note, /(?!\n)[\p{Cc}\u202e]/u)
    t.ok(parseNote(note))
    t.equal((await new Spool(folder, { maxBytes: mebibyte }).files()).length, 1, 'found again')
  }
})

t.test('the oldest ones go, and the disk that all take stays below the limit', async (t) => {
  const { folder, spool } = newSpool(t, 100_000)
  const put = (second: number, sizeBytes: number) =>
    spool.put(
      recordedProfile({
        startedAtMs: startedAtMs + second * 1000,
        bytes: new Uint8Array(sizeBytes),
      }),
    )
  for (let second = 0; second < 12; second++) {
    await put(second, 20_000)
    const sizes = readdirSync(folder).map((name) => lstatSync(join(folder, name)).blocks * 512)
    t.ok(sizes.reduce((sum, size) => sum + size, 0) <= 100_000)
  }
  const times = (await spool.files()).map(({ name }) => name.slice(11, 17))
  t.same(times, ['041508', '041509', '041510', '041511'])
  t.match(spool.status(), { removed: 8, kept: 12, profiles: 4 })
  await t.rejects(put(20, 100_000), {
    code: 'profile-not-kept',
    message: /needs 106496 bytes of disk, and only 100000 may be used/,
  })
  t.match(spool.status(), { notKept: 1, profiles: 4, lastError: /106496/ }, 'nothing went for it')

  const narrower = new Spool(folder, { maxBytes: 60_000 })
  narrower.begin()
  await narrower.files()
  t.equal(narrower.status().profiles, 2, 'a restart with a narrower limit')
  narrower.reconfigure({ maxBytes: 30_000 })
  await narrower.files()
  t.equal(narrower.status().profiles, 1, 'a reload')
  narrower.reconfigure({ maxBytes: 30_000, maxAgeMs: 1 })
  await narrower.files()
  t.equal(narrower.status().profiles, 0, 'age')
  narrower.end()
  t.same(readdirSync(folder), [])
})

t.test('a restart takes away what a crash left, and nothing that is not ours', async (t) => {
  const { folder, spool } = newSpool(t)
  await spool.put(recordedProfile())
  const at = '2026-11-22T041501.000Z_a_1_profile.pb.gz'
  const left = [at, `${at}.draft`, `${at}.json.draft`, '2026-11-22T041502.000Z_a_1_trace.json']
  for (const name of [...left, 'README', 'other.pb.gz', `x${at}`]) {
    writeFileSync(join(folder, name), 'x')
  }
  // Notes without their profile.
  writeFileSync(join(folder, '2026-11-22T041503.000Z_a_1_heap.pb.gz.json'), '{}')
  mkdirSync(join(folder, 'outgoing'))
  const again = new Spool(folder, { maxBytes: mebibyte })
  t.equal((await again.files()).length, 1)
  t.same(readdirSync(folder).sort(), [
    '2026-11-22T041500.123Z_shop-api_4711_profile.pb.gz',
    '2026-11-22T041500.123Z_shop-api_4711_profile.pb.gz.json',
    'README',
    'other.pb.gz',
    'outgoing',
    `x${at}`,
  ])
})

t.test('a folder that others can write to, or that is a link, is not used', async (t) => {
  const root = temporaryFolder(t)
  mkdirSync(join(root, 'theirs'))
  chmodSync(join(root, 'theirs'), 0o777)
  symlinkSync(join(root, 'theirs'), join(root, 'link'))
  writeFileSync(join(root, 'file'), '')
  const cases = {
    theirs: /which can be written by other users; set spool\.dir/,
    link: /which is no folder|EEXIST/,
    file: /EEXIST/,
    'file/below': /ENOTDIR/,
  }
  for (const [name, message] of Object.entries(cases)) {
    const spool = new Spool(join(root, name), { maxBytes: mebibyte })
    await t.rejects(spool.put(recordedProfile()), { code: 'profile-not-kept', message }, name)
    t.match(spool.status(), { notKept: 1, lastError: message })
  }
  t.same(readdirSync(join(root, 'theirs')), [])
})

t.test('a link in the place of a file is not written through', async (t) => {
  const { folder, spool } = newSpool(t)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const victim = join(temporaryFolder(t), 'victim')
  writeFileSync(victim, 'precious')
  const name = '2026-11-22T041500.123Z_shop-api_4711_profile.pb.gz'
  await spool.files()
  symlinkSync(victim, join(folder, `${name}.draft`))
  await t.rejects(spool.put(recordedProfile()), { message: /EEXIST/ })
  t.equal(readFileSync(victim, 'utf8'), 'precious')
  // The draft that was in the way is gone with the failure.
  await spool.put(recordedProfile())
  t.ok(existsSync(join(folder, name)))
})

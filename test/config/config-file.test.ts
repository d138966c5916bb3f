import { execFileSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { findConfigFile, readConfigFile } from '../../src/config/config-file.ts'

const oneMiB = 1_048_576

t.test(
  'the file is the one of --config, else of PPROFD_CONFIG, else the default if there',
  async (t) => {
    const dir = t.testdir({ 'there.yaml': '', file: '' })
    const there = join(dir, 'there.yaml')
    const cases: readonly (readonly [
      object,
      string | undefined,
      string | undefined,
      string | undefined,
    ])[] = [
      [{ PPROFD_CONFIG: 'e' }, 'f', there, 'f'],
      [{ PPROFD_CONFIG: 'e' }, undefined, there, 'e'],
      [{ PPROFD_CONFIG: '' }, undefined, there, there],
      [{}, undefined, there, there],
      [{}, undefined, join(dir, 'none.yaml'), undefined],
      [{}, undefined, join(dir, 'file/below-a-file.yaml'), undefined],
    ]
    for (const [env, file, defaultFile, found] of cases) {
      t.equal(await findConfigFile({ env: { ...env }, file, defaultFile }), found)
    }
    await t.rejects(findConfigFile({ env: {}, defaultFile: join(dir, 'x'.repeat(300)) }), {
      code: 'config-invalid',
      message: /cannot be read \(ENAMETOOLONG\)/,
    })
  },
)

t.test('a text of at most 1 MiB is read, also from /dev/null', async (t) => {
  const dir = t.testdir({ small: '\uFEFFa: é\n', full: 'x'.repeat(oneMiB) })
  t.equal(await readConfigFile(join(dir, 'small')), 'a: é\n')
  t.equal((await readConfigFile(join(dir, 'full'))).length, oneMiB)
  t.equal(await readConfigFile('/dev/null'), '')
})

t.test('what cannot be read is refused with the reason', async (t) => {
  const dir = t.testdir({
    large: 'x'.repeat(oneMiB + 1),
    latin1: Buffer.from([0x61, 0x3a, 0x20, 0xe9]),
    secret: '',
  })
  execFileSync('mkfifo', [join(dir, 'pipe')])
  const cases: readonly (readonly [file: string, message: RegExp])[] = [
    [join(dir, 'none'), /none does not exist$/],
    [join(dir, 'large'), /large is larger than 1 MiB$/],
    [join(dir, 'latin1'), /latin1 is not UTF-8 text$/],
    [join(dir, 'pipe'), /pipe is not a file$/],
    [dir, /is not a file$/],
    ['/dev/zero', /is larger than 1 MiB$/],
    [join(dir, 'secret\0'), /cannot be read \(ERR_INVALID_ARG_VALUE\)/],
  ]
  for (const [file, message] of cases) {
    await t.rejects(readConfigFile(file), { code: 'config-invalid', message }, file)
  }
})

const asRoot = process.getuid?.() === 0 ? 'root may read every file' : false

t.test('a file of somebody else is refused with the reason', { skip: asRoot }, async (t) => {
  const secret = join(t.testdir({ secret: '' }), 'secret')
  chmodSync(secret, 0o000)
  await t.rejects(readConfigFile(secret), { message: /may not be read by this user$/ })
})

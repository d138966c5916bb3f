import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { checkOutput, fileNamePart, writeOutput } from '../../src/cli/output-file.ts'

t.test('a profile is readable for its user only', async (t) => {
  const file = join(t.testdir(), 'cpu.md')
  await checkOutput(file)
  await writeOutput(file, Buffer.from('text'))
  t.equal(readFileSync(file, 'utf8'), 'text')
  t.equal(statSync(file).mode & 0o777, 0o600)
})

t.test('a file that cannot be written is an error that names it', async (t) => {
  const file = join(t.testdir(), 'missing', 'cpu.md')
  const error = { code: 'parameter-invalid', message: /^cannot write \S+cpu\.md: ENOENT/ }
  await t.rejects(checkOutput(file), error)
  await t.rejects(writeOutput(file, Buffer.from('text')), error)
  await t.rejects(writeOutput(t.testdirName, Buffer.from('text')), { message: /EISDIR/ })
  await t.resolves(checkOutput('-'))
})

t.test('a name becomes a part of a file name that leads nowhere else', async (t) => {
  const names: readonly (readonly [name: string, part: string])[] = [
    ['api', 'api'],
    ['my api/v2', 'my_api_v2'],
    ['../../etc/passwd', '_.._etc_passwd'],
    ['--flag', 'flag'],
    ['.hidden', 'hidden'],
    ['\u0000\u001b[31m', '_31m'],
    ['...', 'node'],
    ['', 'node'],
  ]
  for (const [name, part] of names) t.equal(fileNamePart(name), part)
})

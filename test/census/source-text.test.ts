import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { sourceReader } from '../../src/census/source-text.ts'

const text = 'async function f() { await 1 }\n'
const wrapped =
  '(function (exports, require, module, __filename, __dirname) { '.length + '\n});'.length

t.test('reads the source that runs, and none that was changed', async (t) => {
  const folder = t.testdir({ 'a.js': text, 'bom.js': `\ufeff${text}`, 'a b.mts': text, sub: {} })
  const read = sourceReader(process.pid, '/proc')
  const at = (name: string, sourceLength: number, url = join(folder, name)) =>
    read({ name: 'f', start: 0, url, sourceLength })
  const plain = { text, shift: 0 }
  t.strictSame(await at('a.js', text.length), plain)
  t.strictSame(await at('a.js', -1), plain, 'V8 has dropped the source')
  t.strictSame(await at('bom.js', text.length), plain)
  t.strictSame(await at('a.js', text.length + wrapped), { text, shift: wrapped - 4 })
  t.equal(await at('a.js', text.length + 1), undefined, 'the file is another one by now')
  t.equal(await at('none.js', text.length), undefined)
  t.equal(await at('sub', text.length), undefined, 'a folder')
  const { href } = pathToFileURL(join(folder, 'a b.mts'))
  t.strictSame(await at('', text.length, href), plain)
  t.strictSame(await at('', text.length + `\n\n//# sourceURL=${href}`.length, href), plain)
  t.equal(await at('', text.length + 5, href), undefined)
})

t.test('reads no file for what has none, and no device', async (t) => {
  const read = sourceReader(process.pid, '/proc')
  for (const url of ['', 'node:fs', 'evalmachine.<anonymous>', 'file:///%', '/dev/zero']) {
    t.equal(await read({ name: '', start: 0, url, sourceLength: 10 }), undefined, url)
  }
})

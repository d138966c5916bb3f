import t from 'tap'
import type { FindSources, ScriptQuestions } from '../../src/convert/source-lookup.ts'
import { type SourceFrame, writtenFrames } from '../../src/convert/written-frames.ts'

const frame = { function: 'e.n', url: '/srv/a.js', line: 3, column: 7 }
const native = { function: 'Promise.all (index 3)', url: '', line: 0, column: 0 }
const runtime = { function: 'emit', url: 'node:events', line: 513, column: 28 }
const lineOnly = { ...frame, column: 0 }

t.test('frames are asked for once, mapped, and else stay as they are', async (t) => {
  let asked: readonly ScriptQuestions[] = []
  const find: FindSources = async (scripts) => {
    asked = scripts
    return {
      positionFor: (url, line, column, within) =>
        url === '/srv/a.js'
          ? { url: '/srv/a.ts', line, column, name: within ? 'Cart.add' : undefined }
          : undefined,
      packageOf: (file) => ({ ...noPackage, name: file }),
      notes: ['source maps: applied to 1 script'],
    }
  }
  const frames: readonly SourceFrame[] = [frame, { ...frame }, native, runtime, lineOnly]
  const { of, packageOf, notes } = await writtenFrames(frames, find)
  t.match(asked, [
    {
      url: '/srv/a.js',
      lines: [2, 2],
      columns: [6, -1],
      functionNames: ['e.n', ''],
      areWithin: [true, false],
    },
  ])
  t.equal(asked.length, 1)
  const mapped = { function: 'Cart.add', url: '/srv/a.ts', line: 3, column: 7, isAsync: true }
  t.strictSame(of({ ...frame, isAsync: true }), mapped, 'the rest of it, too')
  t.strictSame(of(lineOnly), { ...lineOnly, url: '/srv/a.ts' }, 'without a column that is a guess')
  t.equal(of(native), native)
  t.equal(of(runtime), runtime)
  t.equal(packageOf('/srv/a.ts')?.name, '/srv/a.ts')
  t.strictSame(notes, ['source maps: applied to 1 script'])
})

const noPackage = { version: '', folder: '', repository: '', repositoryFolder: '' }

import t from 'tap'
import { parseYaml } from '../../src/config/yaml-source.ts'
import { InputError } from '../../src/errors.ts'

const empty: readonly string[] = ['', '\n\n', '# only a comment\n', '---\n', '{}', '\uFEFF', 'null']

t.test('a text without content is an empty mapping', (t) => {
  for (const text of empty) t.same(parseYaml(text, 'f').values, {}, JSON.stringify(text))
  t.end()
})

const lines: readonly (readonly [path: readonly string[], line: number])[] = [
  [[], 2],
  [['enabled'], 2],
  [['targets'], 3],
  [['targets', '0'], 4],
  [['targets', '0', 'pid'], 5],
  [['targets', '0', 'missing'], 4],
  [['targets', '7'], 3],
  [['targets', '1', 'name'], 6],
  [['limits', 'captures', 'deeper'], 7],
  [['1'], 8],
  [['missing'], 2],
]

t.test('every key and list entry has its line, a missing one that of its parent', (t) => {
  const text =
    '# first\nenabled: true\ntargets:\n  - name: a\n    pid: 1\n  - { name: b }\n' +
    'limits: { captures: 1 }\n1: x\n'
  const source = parseYaml(text, 'f')
  for (const [path, line] of lines) t.equal(source.lineOf(path), line, path.join('.'))
  t.equal(parseYaml('', 'f').lineOf(['a']), 1)
  t.end()
})

const many = 'k: 1\n'.repeat(20_000)
const refused: readonly (readonly [name: string, text: string, message: string | RegExp])[] = [
  ['a list', '[1]', 'f:1: the top level must be a mapping, such as enabled: true'],
  ['a scalar', '# c\nhello', 'f:1: the top level must be a mapping, such as enabled: true'],
  ['a duplicate key', 'a: 1\nb: 2\na: 3', 'f:3: the key "a" is there twice'],
  ['a nested duplicate', 'l:\n  x: 1\n  "x": 2', 'f:3: the key "x" is there twice'],
  ['many duplicates', many, 'f:2: the key "k" is there twice'],
  ['an open list', 'a: [\nb', /^f:2: this is not valid YAML: /],
  ['bad indentation', 'a:\n  b: 1\n c: 2', /^f:3: this is not valid YAML: /],
  ['a tab', 'a:\n\tb: 1', /^f:2: this is not valid YAML: Tabs/],
  ['a host in bare brackets', 'listen: [::1]:80', /^f:1: this is not valid YAML: /],
  ['an unknown tag', 'a: !!js/function x', /^f:1: this is not valid YAML: Unresolved tag/],
  ['a mapping as key', '? {a: 1}\n: 2', /^f:1: this is not valid YAML: .*keys must be strings/],
  [
    'two documents',
    'a: 1\n---\nb: 2',
    'f:2: a second YAML document begins here, but only one is read',
  ],
  ['an alias', 'a: &x 1\nb: *x', 'f:2: the alias *x is not read; write the value out'],
  ['a circle', 'a: &x\n  b: *x', 'f:2: the alias *x is not read; write the value out'],
  ['a bomb', bomb(), /^f:2: the alias \*a0 is not read/],
  ['an alias of nothing', 'a: *x', /^f:1: /],
  ['deep nesting', `a: ${'['.repeat(20_000)}`, /^f:1: the YAML is nested too deeply$/],
  ['a binary', '\u0000\u0001\u0002', /^f:1: /],
  ['a long wrong scalar', `"a" ${'x'.repeat(5000)}`, /^f:1: this is not valid YAML: .{1,200}$/],
]

t.test('what is not one plain mapping is refused with its line, in bounded time', (t) => {
  for (const [name, text, message] of refused) {
    t.throws(
      () => parseYaml(text, 'f'),
      { name: InputError.name, code: 'config-invalid', message },
      name,
    )
  }
  t.end()
})

t.test('a hundred thousand different keys are read in linear time', (t) => {
  const text = Array.from({ length: 100_000 }, (_, i) => `k${i}: 1`).join('\n')
  t.equal(Object.keys(parseYaml(text, 'f').values).length, 100_000)
  t.end()
})

t.test('a key named __proto__ is a key like any other', (t) => {
  const { values } = parseYaml('__proto__: { polluted: 1 }', 'f')
  t.same(Object.keys(values), ['__proto__'])
  t.equal(Object.getPrototypeOf(values), Object.prototype)
  t.end()
})

function bomb(): string {
  const levels = Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`)
  return ['a0: &a0 [1]', ...levels].join('\n')
}

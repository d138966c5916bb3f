import t from 'tap'
import { codeMarks } from '../../src/sourcemaps/code-marks.ts'
import { enclosingNames, nameParts, withParts } from '../../src/sourcemaps/enclosing-names.ts'

/** `@` is the position, `^` stands before each identifier that is to be found. */
const found: readonly (readonly [functionName: string, script: string])[] = [
  ['n', 'function ^n(e){return@'],
  ['n', 'function n(){}function ^n(e={a:1},{b}=[]){for(;;){f(@'],
  ['n', 'async function*^n(){await(@'],
  ['n', 'const ^n=async(e,t)=>{await @'],
  ['n', 'const a=1,^n=e=>e.map(t=>{@'],
  ['n', 'x.^n=function(){@'],
  ['n', 'x={^n:function o(){@'],
  ['n', 'x={a(){},async ^n(e){f(")}",\'}\',`}\u0024{{a:{}}}`,/[/}]}/g,/*}*/a/b/c);// }\n@'],
  ['n', 'function ^n(){g(`${@'],
  ['n', 'function ^n(){n(1);@'],
  ['new e', 'class ^e{constructor(){@'],
  ['e.n', 'var ^e=class extends t(1){static a=1;^n(e){@'],
  ['e.n', 'class ^e extends t{get ^n(){if(a)return/}/.test(@'],
  ['Object.n [as add]', 'x={^n(){@'],
  ['$', 'function a$(){}function ^$(){@'],
]

for (const [functionName, marked] of found) {
  t.test(`${functionName} is found in ${marked.replaceAll('\n', ' ')}`, async (t) => {
    const script = marked.replace('@', '')
    const expected: number[] = []
    let text = ''
    for (const character of script) {
      if (character === '^') expected.push(text.length)
      else text += character
    }
    t.strictSame(
      enclosingNames(text, functionName).map(({ at }) => at),
      expected,
    )
  })
}

const unknown: readonly (readonly [functionName: string, before: string])[] = [
  ['n', 'function n(){}'],
  ['n', 'function n(e='],
  ['n', 'n(e).then(function(){'],
  ['n', 'n(function(){'],
  ['n', 'if(n){'],
  ['n', 'const n=e=>e+1,o=()=>{'],
  ['n', 'const n=(e+1)*2;{'],
  ['n', 'x={n:{a:1'],
  ['n', 'n==e?function(){'],
  ['n', 'function nn(){'],
  ['n', 'class e{n(){}o(){'],
  ['e.n', 'function e(){function o(){'],
  ['Promise.all (index 3)', 'function all(){'],
  ['', 'function n(){'],
  ['n'.repeat(600), `function ${'n'.repeat(600)}(){`],
]

for (const [functionName, before] of unknown) {
  t.test(`${functionName || 'nothing'} is not found in ${before}`, async (t) => {
    t.strictSame(enclosingNames(before, functionName), [])
  })
}

t.test('the parts of a name are replaced, the rest of it stays', async (t) => {
  t.strictSame(nameParts('async e.n'), ['e', 'n'])
  t.equal(withParts('async e.n', ['Cart', 'add']), 'async Cart.add')
  t.equal(withParts('new e', ['$&']), 'new $&')
  t.equal(withParts('n [as add]', ['plus']), 'plus [as add]')
})

t.test('text without end ends, and soon', async (t) => {
  const units = ['`', '"', '/', '`\u0024{', '/*', '=/[', '"\\', '=/[]', "'\\\n"]
  for (const text of units.map((unit) => unit.repeat(65_536 / unit.length))) {
    t.ok([...codeMarks(text, 0)].length <= text.length)
  }
  t.strictSame(enclosingNames(`${'n(){'.repeat(15_000)}`, 'n').length, 1)
})

import t from 'tap'
import { definedName } from '../../src/sourcemaps/defined-name.ts'

/** `^` is where V8 says that the function starts, `[...]` the identifier that is found. */
const cases: readonly (readonly [name: string, text: string])[] = [
  ['n', 'function [n]^(a){}'],
  ['n', 'async function* [n] ^(a){}'],
  ['n', 'then(function [n]^(){})'],
  ['n', 'var [n]=function^(a){}'],
  ['n', 'var [n] = async function *^(a){}'],
  ['n', 'let [n]=^a=>a'],
  ['n', 'let [n] =\n  ^async (a) => a'],
  ['n', '[n]??=(^()=>{})'],
  ['n', '{[n]:^()=>{}}'],
  ['n', '{[n]: function^(){}}'],
  ['get n', 'class A{get [n]^(){}}'],
  ['n', 'class A{static async [n]^(){}}'],
  ['#n', 'class A{[#n]^(){}}'],
  ['$', 'function [$]^(){}'],
  ['exports.n', 'exports.[n]=function^(){}'],
  ['A.b.n', 'A.b.[n] = ^()=>{}'],
  ['s', 'var t;class [s]{constructor^(){}}'],
  ['s', 'class s{} class [s] extends t{x=1;constructor^(){}}'],
  ['s', 'let [s]=class{constructor^(){}}'],
  ['s', 'let [s] = class extends t {constructor^(){}}'],
  ['s', '^class [s] extends t{}'],
  ['s', 'let [s]=^class{}'],
  ['straße', 'function [straße]^(){}'],
]

t.test('the identifier of a function is found where V8 says that it starts', (t) => {
  for (const [name, marked] of cases) {
    const text = marked.replace(/[[\]]/g, '')
    const [before = '', after = ''] = text.split('^')
    const expected = marked.replace('^', '').indexOf('[')
    const found = definedName(before, after, name)
    t.equal(found && before.length + found.offset, expected, marked)
  }
  t.end()
})

t.test('no other identifier is taken for it', (t) => {
  const none: readonly (readonly [name: string, text: string])[] = [
    ['', 'x.map(^a=>a)'],
    ['n', 'var m=function^(a){}'],
    ['n', 'function then^(a){}'],
    ['n', 'n(function^(a){})'],
    ['n', 'f(m=1,^a=>a)'],
    ['s', 'class sum{constructor^(){}}'],
    ['s', 'constructor^(){}'],
    ['s', '^class sum{}'],
    ['<instance_members_initializer>', '^class F { f = g() }'],
    ['q q', "{'q q'^(){}}"],
    ['[Symbol.iterator]', '{[Symbol.iterator]^(){}}'],
    ['(', 'class {constructor^(){}}'],
  ]
  for (const [name, text] of none) {
    const [before = '', after = ''] = text.split('^')
    t.equal(definedName(before, after, name), undefined, text)
  }
  t.end()
})

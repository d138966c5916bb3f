import t from 'tap'
import { GoroutineIds, type Identifiable } from '../../src/convert/goroutine-ids.ts'

function newIds(): GoroutineIds {
  let last = 0
  return new GoroutineIds(() => ++last)
}

function numbered(asyncId: number, signature = ''): Identifiable {
  return { key: `main ${asyncId}`, family: 'socket', signature }
}

function suspended(family: string, signature: string): Identifiable {
  return { key: undefined, family, signature }
}

t.test("what has Node's number keeps its id, whatever becomes of it", (t) => {
  const ids = newIds()
  t.strictSame(ids.assign([numbered(7, 'idle'), numbered(8)]), [1, 2])
  t.strictSame(ids.assign([numbered(9), numbered(7, 'busy')]), [3, 1])
  t.strictSame(ids.assign([numbered(8)]), [4], 'what was gone is new')
  t.end()
})

t.test('of what has none, equal stacks are the same, then any two of a family', (t) => {
  const ids = newIds()
  t.strictSame(
    ids.assign([suspended('f', 'a'), suspended('f', 'b'), suspended('g', 'a')]),
    [1, 2, 3],
  )
  t.strictSame(ids.assign([suspended('f', 'b'), suspended('f', 'c')]), [2, 1], 'a has gone on to c')
  t.strictSame(
    ids.assign([suspended('f', 'c'), suspended('f', 'c'), suspended('g', 'z')]),
    [1, 2, 4],
  )
  t.end()
})

t.test('a number that comes twice is none', (t) => {
  const ids = newIds()
  const [first, second] = ids.assign([numbered(7), numbered(7)])
  t.not(first, second)
  t.strictSame(ids.assign([numbered(7), numbered(7)]), [first, second])
  t.end()
})

t.test('what a look at a part did not see may come again', (t) => {
  const ids = newIds()
  const all = [numbered(7), numbered(8), suspended('f', 'a'), suspended('f', 'b')]
  t.strictSame(ids.assign(all), [1, 2, 3, 4])
  t.strictSame(ids.assign([numbered(8), suspended('f', 'b')], true), [2, 4])
  t.strictSame(ids.assign(all), [1, 2, 3, 4])
  t.end()
})

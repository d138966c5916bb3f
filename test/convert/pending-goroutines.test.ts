import t from 'tap'
import { FunctionNames } from '../../src/convert/function-names.ts'
import { PendingGoroutines, type PendingPiece } from '../../src/convert/pending-goroutines.ts'

const frame = { function: 'handle', url: '/app/src/db.js', line: 7, column: 3 }

function piece(changes: Partial<PendingPiece>): PendingPiece {
  return { thread: 'main', kind: 'socket', state: 'open', count: 1, stack: [frame], ...changes }
}

function newPending(changes: object = {}): PendingGoroutines {
  let last = 0
  const names = new FunctionNames('/app')
  return new PendingGoroutines({
    names,
    form: 'root',
    withOwn: false,
    newId: () => ++last,
    ...changes,
  })
}

t.test('a piece has its state at the root, and a name of what it is', async (t) => {
  const pieces = [
    piece({ asyncId: 5, waitsFor: 'peer 127.0.0.1:1' }),
    piece({ thread: 'pool#1', kind: 'server', state: 'listening', stack: [] }),
    piece({ kind: 'timer', state: 'waiting', waitsFor: 'timer, fires in 4 ms' }),
    piece({ kind: 'fs', createdBy: { ...frame, function: 'load' } }),
  ]
  const { now, gone, leftOut } = await newPending().update(pieces)
  t.strictSame(now, [
    { id: 1, createdBy: 'socket peer 127.0.0.1:1', stack: ['src/db.handle', 'socket open'] },
    { id: 2, createdBy: 'pool#1 server', stack: ['(server)', 'server listening'] },
    { id: 3, createdBy: 'timer', stack: ['src/db.handle', 'timer waiting'] },
    { id: 4, createdBy: 'load', stack: ['src/db.handle', 'fs open'] },
  ])
  t.strictSame([gone, leftOut], [[], 0])
})

t.test('it keeps its id when its state changes, and is gone when it is not seen', async (t) => {
  const pending = newPending()
  await pending.update([piece({ asyncId: 5 }), piece({ asyncId: 6 })])
  const { now, gone } = await pending.update([piece({ asyncId: 6, state: 'connecting' })])
  t.match(now, [{ id: 2, stack: ['src/db.handle', 'socket connecting'] }])
  t.strictSame(gone, [1])
})

t.test('what a look had no time for is not gone, unless that goes on', async (t) => {
  const pending = newPending()
  await pending.update([piece({ asyncId: 5 }), piece({ asyncId: 6 })])
  for (let look = 0; look < 3; look++) {
    t.strictSame((await pending.update([piece({ asyncId: 6 })], true)).gone, [])
  }
  t.strictSame((await pending.update([piece({ asyncId: 6 })], true)).gone, [1])
})

t.test(
  'those that are alike are goroutines of their own, up to a limit that is told',
  async (t) => {
    const many = await newPending().update([piece({ kind: 'async-function', count: 130 })])
    t.strictSame([many.now.length, many.leftOut], [100, 30])
    const kinds = Array.from({ length: 1100 }, (_, asyncId) => piece({ asyncId: asyncId + 1 }))
    const different = await newPending().update(kinds)
    t.strictSame([different.now.length, different.leftOut], [1000, 100])
    for (const count of [-1, Number.NaN, 0]) {
      t.strictSame((await newPending().update([piece({ count })])).now, [], `count ${count}`)
    }
  },
)

t.test("pprofd's own code is left out, unless it is wanted", async (t) => {
  const own = [
    piece({ stack: [{ ...frame, url: 'pprofd:in-target' }] }),
    piece({ stack: [{ function: 'probeHeld', url: '', line: 0, column: 0 }] }),
  ]
  t.strictSame((await newPending().update(own)).now, [])
  t.equal((await newPending({ withOwn: true }).update(own)).now.length, 2)
})

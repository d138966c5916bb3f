import t from 'tap'
import { SnapshotParser } from '../../../src/convert/heap-graph/snapshot-parser.ts'
import { suspendedFunctions } from '../../../src/convert/heap-graph/suspended-functions.ts'
import { type Edge, graphOf, makeSnapshot, parse } from './snapshots.ts'
import { Heap, header } from './suspended-heap.ts'

t.test('nothing is suspended in an empty heap', (t) => {
  const { groups, suspended, workers } = suspendedFunctions(graphOf(new Heap().nodes), header)
  t.strictSame({ groups, suspended, workers }, { groups: [], suspended: 0, workers: 0 })
  t.end()
})

t.test('what holds a function that settles the promise is told, by kinds of holders', (t) => {
  const cases: [string | undefined, (heap: Heap, resolver: number, promise: number) => void][] = [
    [undefined, () => {}],
    [
      'Lock.owner.done',
      (heap, resolver) => {
        const owner = heap.add('Object', 'object', [['property', 'done', resolver]])
        heap.add('Lock', 'object', [['property', 'owner', owner]])
      },
    ],
    [
      'Lock[queue][7]',
      (heap, resolver) => {
        const queue = heap.add('Array', 'object', [['element', 7, resolver]])
        heap.add('Lock', 'object', [['property', '<symbol queue>', queue]])
      },
    ],
    [
      'List.head.resolve',
      (heap, resolver) => {
        const last = heap.add('Object', 'object', [['property', 'resolve', resolver]])
        const node = heap.add('Object', 'object', [['property', 'next', last]])
        heap.add('List', 'object', [['property', 'head', node]])
      },
    ],
    [
      'Rpc.calls[...]',
      (heap, resolver) => {
        const calls = heap.add('Object', 'object', [['property', 'a key: data', resolver]])
        heap.add('Rpc', 'object', [['property', 'calls', calls]])
      },
    ],
    [
      'onDone',
      (heap, resolver) => {
        heap.edge(
          0,
          'shortcut',
          '1',
          heap.add('global / ', 'object', [['property', 'onDone', resolver]]),
        )
      },
    ],
    [
      'release',
      (heap, resolver) => {
        heap.add('system / Context', 'object', [['context', 'release', resolver]])
      },
    ],
    [
      'a variable of holder',
      (heap, resolver) => {
        const { generator } = heap.suspend('holder', heap.add('Promise'))
        const registers = heap.nodes[generator]?.edges[1]?.[2] ?? 0
        heap.edge(registers, 'hidden', 1, resolver)
      },
    ],
    [
      'Emitter._events.done',
      (heap, resolver) => {
        const events = heap.add('Object', 'object', [
          ['property', 'error', resolver],
          ['property', 'done', resolver],
        ])
        heap.add('Emitter', 'object', [['property', '_events', events]])
      },
    ],
    [
      'AbortSignal.reason',
      (heap, resolver) => {
        heap.add('AbortSignal', 'object', [['property', 'reason', resolver]])
      },
    ],
    [
      'Cache.ready',
      (heap, _, promise) => {
        heap.add('Cache', 'object', [['property', 'ready', promise]])
      },
    ],
    [
      undefined,
      (heap, resolver) => {
        heap.add('WeakMap', 'object', [['property', 'x', resolver]])
        heap.add('Lock', 'object', [['weak', 'x', resolver]])
        heap.add('(code)', 'code', [['internal', 'x', resolver]])
      },
    ],
  ]
  for (const [expected, hold] of cases) {
    const heap = new Heap()
    const promise = heap.add('Promise')
    heap.suspend('waits', promise)
    hold(heap, heap.resolver(promise), promise)
    const found = heap.groups().find(({ frames }) => frames[0]?.function === 'waits')
    t.equal(found?.waitsFor, expected)
  }
  t.end()
})

t.test('variables of a module end the search, those of a function lead on', (t) => {
  const heap = new Heap()
  const promise = heap.add('Promise')
  heap.suspend('limited', promise)
  const queue = heap.add('Array', 'object', [['element', 2, heap.resolver(promise)]])
  const inner = heap.add('system / Context', 'object', [['context', 'queue', queue]])
  const limit = heap.add('limit', 'closure', [['internal', 'context', inner]])
  const module = heap.add('system / Context', 'object', [['context', 'limit', limit]])
  heap.edge(inner, 'internal', 'previous', module)
  const functions = [1, 2, 3, 4].map(() =>
    heap.add('f', 'closure', [['internal', 'context', module]]),
  )
  for (const one of functions) heap.add('Unrelated', 'object', [['property', 'callback', one]])
  t.strictSame(heap.reasons(), ['queue[2] of limit'])
  t.end()
})

t.test('a promise that follows another waits for what that one waits for', (t) => {
  const heap = new Heap()
  const first = heap.add('Promise')
  const second = heap.add('Promise')
  heap.react(first, heap.add('mapped', 'closure'), second)
  heap.suspend('waits', second)
  heap.add('Timeout', 'object', [['property', '_onTimeout', heap.resolver(first)]])
  t.strictSame(heap.reasons(), ['Timeout._onTimeout'])
  t.end()
})

t.test('stacks of combinators, shared promises and circles', (t) => {
  const heap = new Heap()
  const leaf = heap.suspend('leaf', heap.add('Promise'))
  const all = heap.add('Promise')
  const capability = heap.add('system / PromiseCapability', 'hidden', [['hidden', 1, all]])
  const context = heap.add('system / Context', 'object', [['hidden', 1, capability]])
  const code = heap.add('(PromiseAllResolveElementClosure builtin)', 'code')
  const element = heap.add('', 'closure', [
    ['internal', 'context', context],
    ['internal', 'code', code],
  ])
  heap.react(leaf.result, element)
  heap.suspend('one', all)
  heap.suspend('two', all)
  const tied = heap.suspend('tied', heap.add('Promise'))
  const loop = heap.suspend('loop', tied.result)
  // A snapshot that lies: a reaction that comes after itself.
  const reaction = heap.react(leaf.result, heap.add('', 'closure'))
  heap.edge(reaction, 'hidden', 0, reaction)
  const groups = heap.groups()
  const stacks = groups.map(({ frames }) => frames.map(({ function: name }) => name).join(' '))
  t.strictSame(stacks.sort(), ['leaf Promise.all one', 'leaf Promise.all two', 'tied loop'])
  t.ok(loop.generator > 0)
  const cut = heap.groups({ maxFrames: 1, maxGroups: 2 })
  t.match(
    cut.map(({ elided }) => elided),
    [true, true],
  )
  t.end()
})

t.test('marks give a function its line, unless they cannot be of it', (t) => {
  const frame = (name: string, line: number) => ({ function: name, url: '', line, column: 5 })
  const cases: [ReturnType<typeof frame> | undefined, number, boolean][] = [
    [frame('waits', 7), 7, true],
    [frame('Lock.waits', 7), 7, true],
    [frame('other', 7), 0, false],
    [undefined, 0, false],
  ]
  for (const [mark, line, isExact] of cases) {
    const heap = new Heap()
    const promise = heap.add('Promise')
    heap.suspend('waits', promise)
    const list = heap.add('Array', 'object', [['element', 0, promise]])
    const lists = heap.add('Array', 'object', [['element', 0, list]])
    heap.add('Object', 'object', [['property', 'pprofdMarks', lists]])
    const [group] = heap.groups({ marks: [mark] as never })
    t.match(group, { waitsFor: undefined, frames: [{ line, isExact }] })
  }
  t.end()
})

t.test('the request of a handler, in its variables or behind its promise', (t) => {
  const requestOf = (heap: Heap, method: string, url: string) => {
    const half = heap.add(url.slice(0, 2), 'string')
    const rest = heap.add(url.slice(2), 'string')
    const concatenated: Edge[] = [
      ['internal', 'first', half],
      ['internal', 'second', rest],
    ]
    const fields: Edge[] = Array.from({ length: 12 }, (_, i) => ['property', `f${i}`, half])
    const values: Edge[] = [
      ['property', 'method', heap.add(method, 'string')],
      ['property', 'url', heap.add('', 'concatenated string', concatenated)],
    ]
    return heap.add('IncomingMessage', 'object', [...fields, ...values])
  }
  const groupsOf = (heap: Heap, withQuery = false) => {
    const parser = new SnapshotParser(1e9, { keepsValues: true })
    parser.write(Buffer.from(JSON.stringify(makeSnapshot(heap.nodes))))
    return suspendedFunctions(parser.end(), { ...header, withQuery }).groups
  }
  const heap = new Heap()
  const { generator, result } = heap.suspend('handler', heap.add('Promise'))
  const context = heap.add('system / Context')
  heap.react(result, heap.add('onDone', 'closure', [['internal', 'context', context]]))
  const reply = heap.add('Reply', 'object', [['property', 'raw', requestOf(heap, 'GET', '/a?b=c')]])
  heap.edge(context, 'context', 'reply', reply)
  t.match(groupsOf(heap), [{ waitsFor: 'for GET /a' }])
  t.match(groupsOf(heap, true), [{ waitsFor: 'for GET /a?b=c' }])
  const own = heap.add('system / Context', 'object', [
    ['context', 'req', requestOf(heap, 'PUT', '/own')],
  ])
  heap.edge(generator, 'internal', 'context', own)
  t.match(groupsOf(heap), [{ waitsFor: 'for PUT /own' }])
  heap.edge(own, 'context', 'other', requestOf(heap, 'PUT', '/other'))
  t.match(groupsOf(heap), [{ waitsFor: 'for GET /a' }], 'which of two is unknown')
  t.end()
})

t.test('values of strings are kept only where they are asked for', (t) => {
  const heap = new Heap()
  heap.add('x', 'string')
  t.equal(
    parse(Buffer.from(JSON.stringify(makeSnapshot(heap.nodes)))).strings.valueOf(1),
    undefined,
  )
  t.end()
})

import t from 'tap'
import { aggregate } from '../../src/snapshot/aggregate.ts'
import { diffSnapshots } from '../../src/snapshot/diff.ts'
import { leakReport, snapshotMarkdown } from '../../src/snapshot/snapshot-markdown.ts'
import { idsText, threadsText, waitText } from '../../src/snapshot/state-text.ts'
import { at, recordingOf, shop } from './recordings.ts'

t.test('a snapshot is a list of buckets with their stacks as code', (t) => {
  const text = snapshotMarkdown(aggregate(shop))
  t.match(text, /^# Goroutines of shop\n\n- target: shop, pid 4711, node v20.20.2\n/)
  t.match(text, '\n- cut: 1000 of 54321 timers shown\n')
  t.match(
    text,
    `
## 3: async-function awaiting \\[3\\~5 minutes\\] \\[waits for lock \\* (src/mutex.js:7)\\]

    main    src/mutex.js:12        async Mutex.acquire
    main    src/checkout.js:41     async checkout
    express lib/router/layer.js:95 async Layer.handle

`,
  )
  t.match(text, /## 4: socket idle-keepalive \\\[waits for fd 17\\\]\n$/)
  t.end()
})

t.test('a leak report names what grew, the most first', (t) => {
  const stack = (name: string) => [at(`async ${name} src/a.js:1`)]
  const before = recordingOf([
    { stack: stack('same'), count: 9 },
    { stack: stack('slow'), count: 1 },
    { stack: stack('shrinks'), count: 4 },
  ])
  const after = recordingOf(
    [
      { stack: stack('same'), count: 9 },
      { stack: stack('slow'), count: 2 },
      { stack: stack('leaks'), count: 30 },
      { stack: stack('shrinks'), count: 3 },
    ],
    { takenAtMs: before.takenAtMs + 2500 },
  )
  const text = leakReport(diffSnapshots(before, after))
  t.match(text, /^# What grew in shop within 2.5 s\n\n- in all: 14 before, 44 after \(\+30\)\n/)
  t.match(text, '\n- buckets: 2 grew, 1 shrank, 1 stayed\n')
  t.match(
    text,
    /\n## 30 \(\+30\): async-function awaiting\n\n {4}main src\/a.js:1 async leaks\n\n## 2 \(\+1\)/,
  )
  t.notMatch(text, /async same|async shrinks/)
  t.end()
})

t.test('what is too much to read is counted', (t) => {
  const many = (length: number) =>
    recordingOf(Array.from({ length }, (_, index) => ({ stack: [at(`f src/a.js:${index + 1}`)] })))
  const text = snapshotMarkdown(aggregate(many(130)))
  t.match(text, /\n30 more buckets are not shown\.\n$/)
  const report = leakReport(diffSnapshots(recordingOf([]), many(30)))
  t.match(report, /\n10 more buckets that grew are not shown\.\n$/)
  t.end()
})

t.test('text of the target is no markup', (t) => {
  const evil = '](http://x) <b> `a`\n# h'
  const frame = { function: evil, url: '', line: 0, column: 0 }
  const recording = recordingOf([{ state: evil, waitsFor: evil, thread: evil, stack: [frame] }])
  const text = snapshotMarkdown(aggregate(recording))
  t.notMatch(text.replaceAll(/^ {4}.*$/gm, ''), /[^\\]\]\(|<b>|[^\\]`|:\/\/x|^# h/m)
  t.equal(text.split('\n').filter((line) => line.startsWith('#')).length, 2)
  t.end()
})

t.test('waits, threads and ids are as short as they can be', (t) => {
  const waits: readonly (readonly [number, number, string])[] = [
    [0, 0, '0 ms'],
    [0.4, 999.9, '0~999 ms'],
    [1000, 1999, '1 s'],
    [500, 59_999, '0~59 s'],
    [120_000, 389_000, '2~6 minutes'],
    [0, 60_000, '0~1 minutes'],
  ]
  for (const [minMs, maxMs, text] of waits) t.equal(waitText({ minMs, maxMs }), text)
  t.equal(waitText(undefined), '')
  const threads = ['main', 'b'].map((thread) => ({ thread, count: 2 }))
  t.equal(threadsText(threads), 'main: 2, b: 2')
  t.equal(threadsText(threads.slice(0, 1)), '')
  t.equal(threadsText(threads.slice(1)), 'b')
  t.equal(idsText([]), '')
  t.equal(idsText([1, 3, 4, 5, 9]), '1, 3~5, 9')
  t.end()
})

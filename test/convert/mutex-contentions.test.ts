import t from 'tap'
import { cpuStacks } from '../../src/convert/cpu-stacks.ts'
import { mutexContentions } from '../../src/convert/mutex-contentions.ts'
import { drawnRecording, looksOf, stacksOf } from './watched.ts'

const thresholdMs = 20

function found(samples: string, looks = '') {
  const { all, stacks, comments } = mutexContentions(stacksOf(samples), looksOf(looks), thresholdMs)
  const rows = all.map(({ thread, stack, count, delayNs }) => {
    const name = stacks.frames[thread.frames[stack] ?? -1]?.name.replace(/.*\./, '')
    return `${name} ${count} ${delayNs / 1e6}`
  })
  return { rows, all, comments: comments.join('\n') }
}

t.test('a run without idle beyond the threshold is a contention', (t) => {
  const cases = [
    ['its delay is what it lasts beyond', '.aaaaaa..', '', ['a 1 40']],
    ['not longer than the threshold', '.aa.aa.b.', '', []],
    ['each run is one', '.aaaa.aaa.', '', ['a 2 30']],
    ['the leading stack has the count', '.abbbbb.', '', ['b 1 33.333333', 'a 0 6.666667']],
    [
      'the collector belongs to the run',
      '.aGGaaa.',
      '',
      ['a 1 26.666667', '(garbage collector) 0 13.333333'],
    ],
    ['what waits for a child holds the loop', '.SSSSSS.', 'eeeeeeeee', ['spawnSync 1 40']],
    ['a wait in futex, too', '.aaaaaa..', 'eeffffffee', ['a 1 40']],
    ['a look at rest ends a run', '.aaaaaa..', 'eeReReReee', []],
    ['and begins another', '.aaaaaaaa.', 'eeRRReRRRRe', ['a 2 35']],
    ['idle all the time', '.........', '', []],
  ] as const
  for (const [title, samples, looks, expected] of cases) {
    t.strictSame(found(samples, looks).rows, expected, title)
  }
  t.end()
})

t.test('counts are the number of runs, and delays add up exactly', (t) => {
  const { all } = found('.abcabca.aab.bbbcccaGa.abababababab.')
  t.equal(
    all.reduce((sum, { count }) => sum + count, 0),
    4,
  )
  // 70, 30, 90 and 120 ms, each less 20.
  t.equal(
    all.reduce((sum, { delayNs }) => sum + delayNs, 0),
    230e6,
  )
  t.ok(all.every(({ delayNs }) => Number.isInteger(delayNs)))
  t.end()
})

t.test('runs that reach beyond the recording are told', (t) => {
  const cases = [
    ['aaaa.....', 1],
    ['....aaaa', 1],
    ['aaaa.bbbb', 2],
    ['aaaaaaaa', 1],
    ['.aaaa.', 0],
  ] as const
  for (const [samples, count] of cases) {
    const { comments } = found(samples)
    if (count === 0) t.notMatch(comments, /^open:/m, samples)
    else t.match(comments, new RegExp(`^open: ${count} of them`, 'm'), samples)
  }
  t.end()
})

t.test('time that no sample stands for is no delay', (t) => {
  const { all, comments } = gapped('.aaaaaa.', 3)
  // 60 ms, and of five seconds without a sample as much as one may stand for.
  t.strictSame(
    all.map(({ count, delayNs }) => [count, delayNs / 1e6]),
    [[1, 130]],
  )
  t.match(comments.join('\n'), /^contention: .* 1 in all/m)
  t.end()
})

/** The sample at that index lasts for five seconds more. */
function gapped(samples: string, index: number) {
  const recording = drawnRecording(samples)
  const [main] = recording.threads
  const profile = JSON.parse(Buffer.from(main?.profileJson ?? '').toString())
  profile.timeDeltas[index + 1] += 5e6
  profile.endTime += 5e6
  const profileJson = Buffer.from(JSON.stringify(profile))
  const stacks = cpuStacks({ ...recording, threads: [{ pid: 1, thread: 'main', profileJson }] })
  return mutexContentions(stacks, looksOf(''), thresholdMs)
}

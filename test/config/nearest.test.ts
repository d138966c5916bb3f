import t from 'tap'
import { nearest } from '../../src/config/nearest.ts'

const cases: readonly (readonly [word: string, guess: string | undefined])[] = [
  ['maxSeconds', 'maxSeconds'],
  ['maxSecs', 'maxSeconds'],
  ['maxseconds', 'maxSeconds'],
  ['max_seconds', 'maxSeconds'],
  ['capture', 'captures'],
  ['captures_per_target', 'capturesPerTarget'],
  ['listn', 'listen'],
  ['lsiten', 'listen'],
  ['x', undefined],
  ['', undefined],
  ['verbosity', undefined],
  ['l'.repeat(1_000_000), undefined],
]

t.test('a typing error leads to the option that was meant, another word to none', (t) => {
  const known = ['listen', 'captures', 'capturesPerTarget', 'maxSeconds', 'hz']
  for (const [word, guess] of cases) t.equal(nearest(word, known), guess, word.slice(0, 20))
  t.end()
})

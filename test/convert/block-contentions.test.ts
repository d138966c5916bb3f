import t from 'tap'
import { blockContentions } from '../../src/convert/block-contentions.ts'
import type { Contentions } from '../../src/convert/contention.ts'
import { looksOf, stacksOf } from './watched.ts'

/** `name wait count ms`, the leaf's name. */
function rows({ all, stacks }: Contentions): readonly string[] {
  return all.map(({ thread, stack, wait, count, delayNs }) => {
    const name = stacks.frames[thread.frames[stack] ?? -1]?.name.replace(/.*\./, '')
    return `${name} ${wait} ${count} ${delayNs / 1e6}`
  })
}

t.test('a synchronous wait is where the sampled stack slept', (t) => {
  const cases = [
    ['a wait in futex', '..aaaaa..', 'eeffffffee', ['a futex 1 50']],
    ['two of them', '.aaa.aaa.', 'eefffefffe', ['a futex 2 60']],
    [
      'work and then a wait, whose begin is not certain',
      '.bbbaaa..',
      'eeRRRfffee',
      ['a futex 1 20'],
    ],
    ['a loop that never sleeps', 'aaaaaaaaa', 'RRRRRRRRRR', []],
    ['work between rests', '..aaaa...', 'eeRRRRReee', []],
    ['a short turn between two looks at rest', '..a...b..', 'eeeeeeeeee', []],
    [
      'a turn that ends before a wait of another',
      '..bcaaa..',
      'eeeffffeee',
      ['a futex 1 30', 'c futex 1 10'],
    ],
    ['a look while taking a sample woke it', '..aaaaa..', 'eeffrfffee', ['a futex 1 50']],
    [
      'a child process, which looks like rest',
      '..SSSS...',
      'eeeeeeeeee',
      ['spawnSync epoll_wait 1 40'],
    ],
    ['a wait that the kernel does not tell', '..aaa.b..', '??????????', ['a unknown 1 30']],
    ['idle all the time', '.........', 'eeeeeeeeee', []],
    ['the collector waits for its threads', '..GGGG...', 'eeffffffee', []],
    ['no look at all', 'aaaaaaaaa', '', []],
  ] as const
  for (const [title, samples, looks, expected] of cases) {
    t.strictSame(rows(blockContentions(stacksOf(samples), looksOf(looks))), expected, title)
  }
  t.end()
})

t.test('says what it could not see', (t) => {
  const comments = (looks: string) => blockContentions(stacksOf('.aa.'), looksOf(looks)).comments
  t.match(comments('').join('\n'), /^warning: not watched from outside: main$/m)
  t.match(comments('?????').join('\n'), /^warning: the kernel does not tell pprofd what threads/m)
  t.notMatch(comments('eeffe').join('\n'), /warning/)
  t.end()
})

t.test('waits that reach beyond the recording are told', (t) => {
  const cases = [
    ['aaa...', 'ffffeee', 1],
    ['...aaa', 'eeeffff', 1],
    ['aaaaaa', 'fffffff', 1],
    ['..aa..', 'eefffee', 0],
  ] as const
  for (const [samples, looks, count] of cases) {
    const { comments } = blockContentions(stacksOf(samples), looksOf(looks))
    const open = comments.filter((line) => line.startsWith('open: '))
    t.match(open, count === 0 ? [] : [`open: ${count} of them`], samples)
    t.equal(open.length, count)
  }
  t.end()
})

t.test('looks are moved where the target has a clock of its own', (t) => {
  const watched = looksOf('eeffffffee')
  const aDayUs = 86_400e6
  const [main] = watched.looks
  const moved = {
    ...watched,
    looks: [
      {
        thread: 'main',
        looks: (main?.looks ?? []).map((look) => ({ ...look, atUs: look.atUs + aDayUs })),
      },
    ],
    startedBetweenUs: [1_000_000 + aDayUs, 1_005_000 + aDayUs],
  } as const
  const found = blockContentions(stacksOf('..aaaaa..'), moved)
  t.strictSame(rows(found), ['a futex 1 50'])
  t.match(found.comments.join('\n'), /^clock: the target's is -86400000 ms ahead$/m)
  t.end()
})

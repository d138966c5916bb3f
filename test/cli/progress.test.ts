import t from 'tap'
import { startProgress } from '../../src/cli/progress.ts'

t.test('nothing is drawn where stderr is no terminal', async (t) => {
  const writes = t.capture(process.stderr, 'write')
  t.intercept(process.stderr, 'isTTY', { value: false, configurable: true })
  const progress = startProgress('api', 1000)
  progress.phase('recording')
  progress.end()
  t.same(writes(), [])
})

t.test('what is no matter of time is told in words', async (t) => {
  const writes = t.capture(process.stderr, 'write')
  t.intercept(process.stderr, 'isTTY', { value: true, configurable: true })
  const progress = startProgress('api', 0, () => '1.2 MB')
  progress.phase('recording')
  progress.end()
  t.match(writes()[0]?.args[0], '\rapi: recording 1.2 MB')
})

t.test('each phase is drawn at once, and the line is cleared at the end', async (t) => {
  const writes = t.capture(process.stderr, 'write')
  t.intercept(process.stderr, 'isTTY', { value: true, configurable: true })
  const progress = startProgress('api', 1000)
  progress.phase('attaching')
  progress.phase('recording')
  progress.phase('stopping')
  progress.end()
  t.same(
    writes().map(({ args }) => String(args[0]).replace('\u001b[K', '<clear>')),
    [
      '\rapi: attaching <clear>',
      `\rapi: recording [${'.'.repeat(30)}] 0.0 of 1.0 s<clear>`,
      '\rapi: stopping <clear>',
      '\r<clear>',
    ],
  )
})

import t from 'tap'
import {
  namingText,
  sizeText,
  startProgress,
  walkText,
  whileWorking,
} from '../../src/cli/progress.ts'

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

t.test('what comes after a capture is told, too, and cleared, also where it fails', async (t) => {
  const writes = t.capture(process.stderr, 'write')
  t.intercept(process.stderr, 'isTTY', { value: true, configurable: true })
  const slow = () => new Promise((resolve) => setTimeout(resolve, 350, 7))
  t.equal(await whileWorking('api', namingText, slow), 7)
  const written = writes().map(({ args }) => String(args[0]))
  t.match(written[0], /^\rapi: naming functions 0\.\d s/)
  t.equal(written.at(-1), '\r\u001b[K')
  const failing = () => Promise.reject(new Error('no'))
  await t.rejects(whileWorking('api', namingText, failing), { message: 'no' })
  t.same(writes().length, 1, 'only the clearing')
  t.intercept(process.stderr, 'isTTY', { value: false, configurable: true })
  await whileWorking('api', namingText, slow)
  t.same(writes(), [])
})

t.test('what has no duration tells how long it has taken', async (t) => {
  const writes = t.capture(process.stderr, 'write')
  t.intercept(process.stderr, 'isTTY', { value: true, configurable: true })
  const progress = startProgress('api', 0)
  progress.phase('recording')
  progress.end()
  t.match(writes()[0]?.args[0], '\rapi: recording 0.0 s')
  t.equal(walkText(1, 3), 'V8 walks the heap, 33 %')
  t.equal(sizeText(1_234_567), '1.2 MB')
})

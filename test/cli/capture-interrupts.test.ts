import t from 'tap'
import { captureInterrupts } from '../../src/cli/capture-interrupts.ts'

t.test('the first Ctrl-C ends the recording, the second gives it up', async (t) => {
  const interrupts = captureInterrupts()
  process.emit('SIGINT', 'SIGINT')
  t.ok(interrupts.endEarly.aborted)
  t.notOk(interrupts.abort.aborted)
  process.emit('SIGINT', 'SIGINT')
  t.ok(interrupts.abort.aborted)
  interrupts.release()
})

t.test('SIGTERM and SIGHUP give it up', async (t) => {
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
    const interrupts = captureInterrupts()
    process.emit(signal, signal)
    t.ok(interrupts.abort.aborted)
    t.notOk(interrupts.endEarly.aborted)
    interrupts.release()
  }
})

t.test('released, the signals have their default again', async (t) => {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  const counts = () => signals.map((signal) => process.listenerCount(signal))
  const before = counts()
  const interrupts = captureInterrupts()
  t.notSame(counts(), before)
  interrupts.release()
  t.same(counts(), before)
})

import t from 'tap'
import { CaptureAdmission, type CaptureRequest } from '../../src/server/capture-admission.ts'

const limits = { capturesPerTarget: 2, capturesPerUid: 9, captures: 3 }
const nothingWaits = { isFull: false }

t.test('captures of one target run side by side up to the limit', async (t) => {
  let nowMs = 0
  const admission = new CaptureAdmission(limits, nothingWaits, () => nowMs)
  const first = hold(admission, { targetKey: 'a', durationMs: 10_000 })
  nowMs = 4000
  const second = hold(admission, { targetKey: 'a', durationMs: 10_000 })
  t.equal(admission.runningCount, 2)
  await t.rejects(hold(admission, { targetKey: 'a' }).outcome, {
    code: 'captures-exhausted',
    message: '2 captures of this target run already and the limit is 2; ask again in 6 s',
    retryAfterSeconds: 6,
  })
  first.end()
  await first.outcome
  const third = hold(admission, { targetKey: 'a' })
  second.end()
  third.end()
  await Promise.all([second.outcome, third.outcome])
  t.equal(admission.runningCount, 0)
})

t.test('an overdue capture makes the next caller wait one second, not none', async (t) => {
  let nowMs = 0
  const admission = new CaptureAdmission(
    { ...limits, capturesPerTarget: 1, captures: 1 },
    nothingWaits,
    () => nowMs,
  )
  const running = hold(admission, { durationMs: 1000 })
  nowMs = 5000
  await t.rejects(hold(admission, {}).outcome, {
    code: 'captures-exhausted',
    message: /ask again in 1 s$/,
  })
  running.end()
  await running.outcome
})

t.test('the limit in all holds across targets', async (t) => {
  const admission = new CaptureAdmission(limits)
  const running = ['a', 'b', 'c'].map((targetKey) => hold(admission, { targetKey }))
  await t.rejects(hold(admission, { targetKey: 'd' }).outcome, {
    message: /^3 captures in all run already and the limit is 3; ask again in \d+ s$/,
  })
  for (const capture of running) capture.end()
  await Promise.all(running.map(({ outcome }) => outcome))
})

t.test('one user cannot take the captures of the others', async (t) => {
  const admission = new CaptureAdmission({ ...limits, capturesPerUid: 1 })
  const running = [1000, 1001, undefined].map((uid) =>
    hold(admission, { targetKey: `${uid}`, uid }),
  )
  await t.rejects(hold(admission, { targetKey: 'd', uid: 1001 }).outcome, {
    code: 'captures-exhausted',
    message: /^1 captures of uid 1001 run already and the limit is 1; ask again in 1 s$/,
  })
  await t.rejects(hold(admission, { targetKey: 'd' }).outcome, {
    message: /^1 captures of users that are not known run already/,
  })
  for (const capture of running) capture.end()
  await Promise.all(running.map(({ outcome }) => outcome))
})

t.test('answers that wait for their clients keep captures out', async (t) => {
  const outbox = { isFull: true }
  const admission = new CaptureAdmission(limits, outbox)
  await t.rejects(hold(admission, {}).outcome, {
    code: 'captures-exhausted',
    message: /^too many bytes of answers wait for their clients to take them; ask again in 5 s$/,
    retryAfterSeconds: 5,
  })
  outbox.isFull = false
  const running = hold(admission, {})
  running.end()
  await running.outcome
})

t.test('a capture that fails frees its slot', async (t) => {
  const admission = new CaptureAdmission({ ...limits, capturesPerTarget: 1, captures: 1 })
  const failing = hold(admission, {})
  failing.fail(new Error('the target ended'))
  await t.rejects(failing.outcome, { message: 'the target ended' })
  t.equal(admission.runningCount, 0)
})

t.test('closing aborts what runs, waits for it, and refuses what comes', async (t) => {
  const admission = new CaptureAdmission(limits)
  const abort = new AbortController()
  const running = hold(admission, { abort })
  let isClosed = false
  const closing = admission.close().then(() => {
    isClosed = true
  })
  t.match(abort.signal.reason, { code: 'capture-aborted', message: 'pprofd is stopping' })
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(isClosed, false, 'the target is not restored yet')
  await t.rejects(hold(admission, {}).outcome, {
    code: 'capture-aborted',
    message: 'pprofd is stopping',
  })
  running.end()
  await closing
  await admission.close()
  await running.outcome
})

/** A capture that runs until it is told to end. */
function hold(admission: CaptureAdmission, request: Partial<CaptureRequest>) {
  let end = (): void => undefined
  let fail = (_error: Error): void => undefined
  const work = new Promise<void>((resolve, reject) => {
    end = resolve
    fail = reject
  })
  const abort = new AbortController()
  const full = { targetKey: 'a', uid: undefined, durationMs: 1000, abort, ...request }
  return { outcome: admission.run(full, () => work), end: () => end(), fail: (e: Error) => fail(e) }
}

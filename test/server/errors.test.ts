import fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { CaptureError, type ErrorCode, OperationalError } from '../../src/errors.ts'
import { CapturesExhausted } from '../../src/server/capture-admission.ts'
import { answerError } from '../../src/server/errors.ts'

const statuses: Readonly<Record<ErrorCode, number>> = {
  'parameter-invalid': 400,
  'target-ambiguous': 400,
  'target-forbidden': 403,
  'target-unknown': 404,
  'target-refused': 409,
  'pause-too-long': 409,
  'census-refused': 409,
  'memory-too-large': 409,
  'not-recorded': 409,
  'door-closed': 409,
  'capture-too-costly': 409,
  'capture-ended': 409,
  'target-vanished': 410,
  'captures-exhausted': 429,
  'attach-failed': 502,
  'session-closed': 502,
  'message-too-large': 502,
  'command-failed': 502,
  'recording-invalid': 502,
  'capture-aborted': 503,
  'command-timeout': 504,
  'config-invalid': 500,
  'profile-not-kept': 500,
}

t.test('each code of an operational error has its status', async (t) => {
  for (const [code, status] of Object.entries(statuses)) {
    const error = new OperationalError(code as ErrorCode, `it is ${code}`)
    const answer = await failing(t, error).inject('/')
    t.equal(answer.statusCode, status, code)
    t.equal(answer.body, `it is ${code}\n`)
    t.match(answer.headers, { 'content-type': 'text/plain; charset=utf-8', 'x-go-pprof': '1' })
  }
})

t.test('what to do next is part of the sentence', async (t) => {
  const error = new CaptureError('recording-invalid', 'it broke.', { tryNext: 'pprofd check 7' })
  t.equal((await failing(t, error).inject('/')).body, 'it broke; try: pprofd check 7\n')
})

t.test('too many captures say when to come back', async (t) => {
  const answer = await failing(t, new CapturesExhausted('enough', 12)).inject('/')
  t.equal(answer.statusCode, 429)
  t.equal(answer.headers['retry-after'], '12')
})

t.test('text of a target cannot steer a terminal', async (t) => {
  const error = new CaptureError('recording-invalid', 'a\u001b[31mb\r\u009bc\nd\u0000')
  t.equal((await failing(t, error).inject('/')).body, 'a [31mb  c\nd\n')
})

t.test('a bug is 500 with the number of the log line that has the details', async (t) => {
  const log: Record<string, unknown>[] = []
  const answer = await failing(t, new TypeError('secret of line 7'), log).inject('/')
  t.equal(answer.statusCode, 500)
  t.notMatch(answer.body, 'secret')
  const [, id] = /under request (\S+)\n$/.exec(answer.body) ?? []
  t.match(
    log.find(({ msg }) => msg === 'request failed'),
    { level: 50, requestId: id, err: { message: 'secret of line 7', stack: /errors\.test/ } },
  )
})

t.test('an attachment that fails is no attachment', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  app.setErrorHandler(answerError)
  app.get('/', async (_request, reply) => {
    reply.header('Content-Disposition', 'attachment')
    throw new CaptureError('recording-invalid', 'broken')
  })
  t.notOk((await app.inject('/')).headers['content-disposition'])
})

function failing(t: Test, error: Error, log: Record<string, unknown>[] = []): FastifyInstance {
  const logger: FastifyBaseLogger = pino(
    {},
    { write: (line: string) => void log.push(JSON.parse(line)) },
  )
  const app = fastify({ loggerInstance: logger })
  t.teardown(() => app.close())
  app.setErrorHandler(answerError)
  app.get('/', () => Promise.reject(error))
  return app
}

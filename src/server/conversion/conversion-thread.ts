/** The thread of Conversions: a recording of 80 MB keeps it busy for a second, and nobody else. */
import { parentPort } from 'node:worker_threads'
import { failureOf } from '../../convert/failures.ts'
import type { SourceAnswer } from '../../sourcemaps/questions.ts'
import { type AskSources, findBy } from '../target-sources.ts'
import { type ConversionJob, convert } from './conversion-job.ts'
import { type FromConverter, pack, type ToConverter } from './conversion-messages.ts'

/** Who waits for the answer to what it asked, by job. */
const waiting = new Map<number, (answer: SourceAnswer) => void>()

parentPort?.on('message', (message: ToConverter) => {
  if (message.kind === 'sources') waiting.get(message.id)?.(message.answer)
  else void handle(message.id, message.job, message.hasSources)
})

async function handle(id: number, job: ConversionJob, hasSources: boolean): Promise<void> {
  const ask: AskSources = (scripts) =>
    new Promise((resolve) => {
      waiting.set(id, resolve)
      send({ id, kind: 'ask', scripts })
    })
  try {
    const result = pack(await convert(job, hasSources ? findBy(ask) : undefined))
    send({ id, kind: 'done', result }, [result.bytes.buffer, result.addresses.buffer])
  } catch (error) {
    send({ id, kind: 'failed', failure: failureOf(error, 'convert the recording') })
  } finally {
    waiting.delete(id)
  }
}

function send(message: FromConverter, transfer: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer)
}

/**
 * V8's sampling heap profiler of one thread. There is one an isolate, whoever started it
 * (v8/src/profiler/heap-profiler.cc, v8/src/inspector/v8-heap-profiler-agent-impl.cc):
 * - `startSampling` of a second session changes nothing, but lets the end of that session stop it;
 * - a session that only reads leaves it as it is;
 * - every reading collects garbage, unless the sampler was started without kSamplingForceGC;
 * - `stopSampling` reads, stops, and forgets that the session had started; `disable` stops without
 *   reading, but the session's end then stops once more, whoever has started meanwhile.
 */
import { CaptureError, InspectorError } from '../errors.ts'
import { evaluate } from '../inspector/evaluate.ts'
import type { CommandOptions, Session } from '../inspector/session.ts'
import type { HeapCounting, HeapReading } from './heap-recording.ts'
import { readNativeMemory } from './heap-statistics.ts'

export interface HeapSamplerOptions {
  readonly counting: HeapCounting
  /** Mean number of bytes between two samples. */
  readonly samplingIntervalBytes: number
  /** Readings need not collect garbage; avoids that where Node can. */
  readonly mayLeaveGarbage: boolean
}

export interface TimedReading extends HeapReading {
  /** Round trip of the reading. */
  readonly pauseMs: number
}

/** V8's own maximum for the inspector's sampler is 128 frames as well. */
const stackDepth = 128

/** Collecting and writing took 0.9 s at 800 MB, so tens of GB stay within it. */
const readTimeoutMs = 120_000

export class HeapSampler {
  /** The reading of a sampler that was found running; it is never stopped by us. */
  readonly found: TimedReading | undefined
  /** Whether its readings collect garbage; undefined for a foreign one, whose flags nobody tells. */
  readonly collects: boolean | undefined
  readonly #session: Session
  /** Switched on by us and not stopped. */
  #isOn: boolean

  private constructor(session: Session, collects: boolean | undefined, found?: TimedReading) {
    this.#session = session
    this.collects = collects
    this.found = found
    this.#isOn = found === undefined
  }

  /** Starts sampling, or takes the sampler that runs already. */
  static async start(
    session: Session,
    options: HeapSamplerOptions,
    command: CommandOptions,
  ): Promise<HeapSampler> {
    const found = await findReading(session, command)
    if (found !== undefined) return new HeapSampler(session, undefined, found)
    try {
      return new HeapSampler(session, await startSampling(session, options, command))
    } catch (error) {
      // What was sent is carried out all the same.
      await new HeapSampler(session, undefined).release()
      throw error
    }
  }

  get isForeign(): boolean {
    return this.found !== undefined
  }

  /** Reads and goes on sampling. */
  async read(command: CommandOptions): Promise<TimedReading> {
    try {
      return await readProfile(this.#session, 'HeapProfiler.getSamplingProfile', command)
    } catch (error) {
      throw isNotStarted(error) ? stoppedByOthers(error) : error
    }
  }

  /** The last reading: a sampler of ours is off afterwards. */
  async finish(command: CommandOptions): Promise<TimedReading> {
    if (this.isForeign) return this.read(command)
    try {
      const reading = await readProfile(this.#session, 'HeapProfiler.stopSampling', command)
      this.#isOn = false
      return reading
    } catch (error) {
      throw isNotStarted(error) ? stoppedByOthers(error) : error
    }
  }

  /**
   * Switches a sampler of ours off without a reading. Without an answer the session's end does it. The
   * session must end soon: see above.
   */
  async release(): Promise<void> {
    if (!this.#isOn) return
    this.#isOn = false
    await this.#session.send('HeapProfiler.disable', {}, { timeoutMs: 1500 }).catch(() => {})
  }
}

/** Asking costs nothing where no sampler runs, and a reading where one does. */
async function findReading(
  session: Session,
  command: CommandOptions,
): Promise<TimedReading | undefined> {
  try {
    return await readProfile(session, 'HeapProfiler.getSamplingProfile', command)
  } catch (error) {
    if (isNotStarted(error)) return undefined
    throw error
  }
}

async function readProfile(
  session: Session,
  method: 'HeapProfiler.getSamplingProfile' | 'HeapProfiler.stopSampling',
  { signal }: CommandOptions,
): Promise<TimedReading> {
  const startedMs = performance.now()
  const result = await session.sendRaw(method, {}, { timeoutMs: readTimeoutMs, signal })
  const pauseMs = performance.now() - startedMs
  const native = await readNativeMemory(session, { signal })
  return { profileJson: profileOf(result), native, pauseMs }
}

/** Resolves to whether its readings collect garbage. */
async function startSampling(
  session: Session,
  { counting, samplingIntervalBytes, mayLeaveGarbage }: HeapSamplerOptions,
  command: CommandOptions,
): Promise<boolean> {
  const countsGarbage = counting === 'allocated'
  const [startedWithin] = await Promise.all([
    mayLeaveGarbage &&
      evaluate(session, startWithin(samplingIntervalBytes, countsGarbage), command),
    // Where the line before has started one, this makes it the session's: it ends with the session.
    // Both are sent at once, so that pprofd cannot end in between and leave it on.
    session.send(
      'HeapProfiler.startSampling',
      {
        samplingInterval: samplingIntervalBytes,
        ...(countsGarbage && {
          includeObjectsCollectedByMajorGC: true,
          includeObjectsCollectedByMinorGC: true,
        }),
      },
      command,
    ),
  ])
  return startedWithin !== true
}

/**
 * Node 26's v8.startHeapProfile() starts the same sampler, but lets kSamplingForceGC away. Earlier
 * ones lack it or take no options.
 */
function startWithin(sampleInterval: number, countsGarbage: boolean): string {
  const options = {
    sampleInterval,
    stackDepth,
    forceGC: false,
    includeObjectsCollectedByMajorGC: countsGarbage,
    includeObjectsCollectedByMinorGC: countsGarbage,
  }
  return `(() => { try {
    const { startHeapProfile } = process.getBuiltinModule('node:v8')
    if (startHeapProfile?.length !== 1) return false
    startHeapProfile(${JSON.stringify(options)})
    return true
  } catch { return false } })()`
}

function isNotStarted(error: unknown): boolean {
  return (
    error instanceof InspectorError &&
    error.code === 'command-failed' &&
    error.message.includes('was not started')
  )
}

function stoppedByOthers(cause: unknown): CaptureError {
  const message =
    'the sampling heap profiler of the target was stopped by somebody else during the recording; ask again'
  return new CaptureError('recording-invalid', message, { cause })
}

/** The profile's own text out of `{"profile":{...}}`, without parsing it. */
function profileOf(result: Uint8Array): Uint8Array {
  const text = Buffer.from(result.buffer, result.byteOffset, result.byteLength)
  const prefix = '{"profile":'
  if (text.toString('latin1', 0, prefix.length) === prefix) return text.subarray(prefix.length, -1)
  throw new CaptureError('recording-invalid', 'the target sent no heap profile')
}

/**
 * A recording as trace events, window by window: JSON text that can be sent while the recording goes
 * on. It is the array form, which Perfetto and chrome://tracing read even when its end is cut off;
 * all events, metadata too, have `ts`, without which speedscope takes the file for none of its own.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { cleanText, cutEnd } from '../clean-text.ts'
import { type CpuProfile, parseCpuProfile } from '../cpu-profile.ts'
import { eachSample } from '../sample-spans.ts'
import { type FindSources, SourceQuestions } from '../source-lookup.ts'
import { NodeSlices } from './node-slices.ts'
import { ThreadTrack } from './thread-track.ts'
import type { TraceEvent } from './trace-event.ts'
import type { TraceEnd, TraceStart, TraceThreadWindow, TraceWindow } from './trace-recording.ts'
import { WindowFrames } from './window-frames.ts'

const maxNameBytes = 200

/** Samples that are written within a turn of the event loop: some 10 ms where the code is cold, 2 later. */
const samplesAtOnce = 200

export class ChromeTrace {
  readonly #start: TraceStart
  readonly #findSources: FindSources | undefined
  readonly #tracks = new Map<string, ThreadTrack>()
  readonly #nodeSlices: NodeSlices
  readonly #pid: number
  #texts: string[] = []
  #isFirst = true
  #sampleCount = 0

  /** `findSources` maps what ran to what was written; without it frames are as V8 says. */
  constructor(start: TraceStart, findSources?: FindSources) {
    this.#start = start
    this.#findSources = findSources
    // A target known by its port only has no pid that anybody here knows.
    this.#pid = start.target.pid
    this.#nodeSlices = new NodeSlices(this.#pid, (event) => this.#emit(event))
  }

  /** What is known before the first window. */
  head(): Uint8Array {
    const { target, startedAtMs, askedDurationMs, askedHz, categories, ...cost } = this.#start
    this.#metadata('process_name', { name: this.#text(target.name) })
    this.#metadata('process_labels', { labels: this.#text(`node ${target.nodeVersion}`) })
    this.#metadata('pprofd_recording', {
      startedAt: new Date(startedAtMs).toISOString(),
      clock: 'CLOCK_MONOTONIC, microseconds',
      seconds: askedDurationMs / 1000,
      hz: askedHz,
      categories: categories.join(','),
      attachMs: rounded(cost.attachMs),
      openedInspector: cost.openedInspector,
      startPauseMs: rounded(cost.startPauseMs),
      ...(cost.untraced && { untraced: this.#text(cost.untraced) }),
    })
    return this.#take()
  }

  /**
   * Turn by turn, so that others are served in between; one window at a time.
   * @throws {CaptureError} recording-invalid where the target sent no usable profile.
   */
  async window(window: TraceWindow): Promise<Uint8Array> {
    const threads = window.threads.map((thread) => ({
      track: this.#trackOf(thread),
      profile: parseCpuProfile(thread.profileJson),
    }))
    const sources = await this.#findSources?.(questionsOf(threads.map(({ profile }) => profile)))
    const frames = new WindowFrames(this.#start.target.workingDirectory, sources)
    const turnEnds = this.#nodeSlices.add(window.events)
    for (const { track, profile } of threads) {
      await nextTurn()
      const stackOf = frames.stacksOf(profile)
      track.beginWindow(turnEnds.get(track.tid) ?? [])
      for (const [index, { node, startUs, endUs }] of this.#samplesOf(profile).entries()) {
        if (index % samplesAtOnce === samplesAtOnce - 1) await nextTurn()
        track.add(stackOf(node), startUs, endUs)
      }
      track.endWindow()
    }
    return this.#take()
  }

  /** The rest: what is open ends, and what the recording cost is told. */
  end(end: TraceEnd): Uint8Array {
    for (const track of this.#tracks.values()) track.close()
    const ends = [...this.#tracks.values()].map(({ endUs }) => endUs)
    this.#nodeSlices.close(Math.max(0, ...ends))
    const { missing, tracingEnded, ...figures } = end
    this.#metadata('pprofd_cost', {
      startPauseMs: rounded(this.#start.startPauseMs),
      longestPauseMs: rounded(figures.longestPauseMs),
      windows: figures.windowCount,
      samples: this.#sampleCount,
      eventsDropped: figures.droppedCount + this.#nodeSlices.leftOutCount,
      ...(tracingEnded !== undefined && { tracingEnded: this.#text(tracingEnded) }),
      ...(missing.length > 0 && { missing: missing.map((name) => this.#text(name)) }),
    })
    const pauses = `at most ${rounded(this.#start.startPauseMs)} ms at the start and ${rounded(figures.longestPauseMs)} ms later`
    const labels = `node ${this.#start.target.nodeVersion}, paused by pprofd for ${pauses}`
    this.#metadata('process_labels', { labels: this.#text(labels) })
    this.#texts.push('\n]\n')
    return this.#take()
  }

  #samplesOf(profile: CpuProfile): readonly Sample[] {
    const samples: Sample[] = []
    eachSample(profile, this.#start.samplingIntervalUs, (node, durationUs, startUs) => {
      samples.push({ node, startUs, endUs: startUs + durationUs })
    })
    this.#sampleCount += samples.length
    return samples
  }

  #trackOf({ thread, tid }: TraceThreadWindow): ThreadTrack {
    const known = this.#tracks.get(thread)
    if (known) return known
    if (thread === 'main' && tid !== undefined) this.#nodeSlices.mainThread(tid)
    const number = Number(/#(\d+)$/.exec(thread)?.[1] ?? 0)
    const own = thread === 'main' ? this.#pid : (tid ?? unknownTids + number)
    const name = this.#text(thread)
    const track = new ThreadTrack(
      { pid: this.#pid, tid: own },
      { name, samplingIntervalUs: this.#start.samplingIntervalUs },
      (event) => this.#emit(event),
    )
    this.#tracks.set(thread, track)
    this.#metadata('thread_name', { name }, own)
    this.#metadata('thread_sort_index', { sort_index: this.#tracks.size - 1 }, own)
    return track
  }

  #metadata(name: string, args: Readonly<Record<string, unknown>>, tid = this.#pid): void {
    this.#emit({ ph: 'M', name, cat: '__metadata', pid: this.#pid, tid, ts: 0, args })
  }

  #emit(event: TraceEvent): void {
    this.#texts.push(this.#isFirst ? '[\n' : ',\n', JSON.stringify(event))
    this.#isFirst = false
  }

  #text(text: string): string {
    return cutEnd(cleanText(text), maxNameBytes)
  }

  #take(): Uint8Array {
    const bytes = Buffer.from(this.#texts.join(''))
    this.#texts = []
    return bytes
  }
}

interface Sample {
  readonly node: number
  readonly startUs: number
  readonly endUs: number
}

/** Beyond all that Linux gives (PID_MAX_LIMIT): workers whose id is not known get theirs from here on. */
const unknownTids = 10_000_000

function questionsOf(profiles: readonly CpuProfile[]) {
  const questions = new SourceQuestions()
  for (const { callFrames } of profiles) {
    for (const callFrame of callFrames) questions.addFunction(callFrame)
  }
  return questions.all()
}

function rounded(value: number): number {
  return Number(value.toFixed(1))
}

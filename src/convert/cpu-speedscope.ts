/**
 * speedscope's own format: https://www.speedscope.app/file-format-schema.json
 * Every thread is a "sampled" profile in order of time, in microseconds. Time when a thread was idle,
 * and time that no sample stands for, is there as empty stacks: a gap in the timeline.
 */
import { ByteWriter } from '../pprof/byte-writer.ts'
import { cleanText } from './clean-text.ts'
import { threadName } from './cpu-collapsed.ts'
import type { CpuStacks, ThreadStacks } from './cpu-stacks.ts'
import { eachSample } from './sample-spans.ts'

export function cpuSpeedscope(stacks: CpuStacks): Uint8Array {
  const { recording, frames, threads } = stacks
  const out = new ByteWriter()
  const head = {
    $schema: 'https://www.speedscope.app/file-format-schema.json',
    name: cleanText(`${recording.target.name} (pid ${recording.target.pid}), CPU`),
    exporter: 'pprofd',
    activeProfileIndex: 0,
  }
  out.text(`${JSON.stringify(head).slice(0, -1)},"shared":{"frames":[`)
  for (const [index, { name, file, line, column }] of frames.entries()) {
    const frame = { name, ...(file && { file }), ...(line > 0 && { line, col: column }) }
    out.text(`${index > 0 ? ',' : ''}${JSON.stringify(frame)}`)
  }
  out.text(']},"profiles":[')
  for (const [index, thread] of threads.entries()) {
    if (index > 0) out.text(',')
    writeThread(out, thread, stacks)
  }
  out.text(']}\n')
  return out.bytes()
}

function writeThread(out: ByteWriter, thread: ThreadStacks, stacks: CpuStacks): void {
  const paths = new PathTexts(thread, stacks)
  const weights = new ByteWriter()
  const { startTimeUs, endTimeUs } = thread.profile
  const head = {
    type: 'sampled',
    name: threadName(thread),
    unit: 'microseconds',
    startValue: 0,
    endValue: endTimeUs - startTimeUs,
  }
  out.text(`${JSON.stringify(head).slice(0, -1)},"samples":[`)
  let clockUs = startTimeUs
  let separator = ''
  const write = (path: string, durationUs: number): void => {
    out.text(`${separator}[${path}]`)
    weights.text(`${separator}${durationUs}`)
    separator = ','
    clockUs += durationUs
  }
  eachSample(thread.profile, stacks.recording.samplingIntervalUs, (node, durationUs, startUs) => {
    if (startUs > clockUs) write('', startUs - clockUs)
    if (durationUs > 0) write(paths.of(thread.stackOf[node] ?? -1), durationUs)
  })
  if (endTimeUs > clockUs) write('', endTimeUs - clockUs)
  out.text('],"weights":[')
  out.append(weights.bytes())
  out.text(']}')
}

/** The frames of stacks as JSON text, outermost first; each is made once, as samples repeat. */
class PathTexts {
  readonly #thread: ThreadStacks
  readonly #frames: CpuStacks['frames']
  readonly #texts: (string | undefined)[] = []

  constructor(thread: ThreadStacks, { frames }: CpuStacks) {
    this.#thread = thread
    this.#frames = frames
  }

  of(stack: number): string {
    const frame = this.#thread.frames[stack] ?? -1
    if (stack < 0 || this.#frames[frame]?.isIdle) return ''
    const known = this.#texts[stack]
    if (known !== undefined) return known
    const path: number[] = []
    for (let at = stack; at >= 0; at = this.#thread.parents[at] ?? -1) {
      path.push(this.#thread.frames[at] ?? 0)
    }
    const text = path.reverse().join(',')
    this.#texts[stack] = text
    return text
  }
}

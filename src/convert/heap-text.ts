/**
 * A heap recording in the text form of Go's `debug=1`, which `go tool pprof` reads, too
 * (parseHeap in google/pprof's profile/legacy_profile.go). Three of its rules show here: `heap/2` means
 * a rate of 1, so that nothing is scaled that V8 has scaled; bytes need a count other than 0; and
 * addresses are those after a call, from which it subtracts 1.
 */
import { CaptureError } from '../errors.ts'
import { cleanText } from './clean-text.ts'
import type { Frame } from './frame.ts'
import { describeHeap } from './heap-comments.ts'
import type { HeapSample, HeapStacks } from './heap-stacks.ts'

/** A page for people and a legacy form for tools: nobody reads a longer one. */
const maxCharacters = 64 * 1024 * 1024

export interface HeapText {
  readonly text: string
  readonly symbols: readonly (readonly [address: number, name: string])[]
}

export function heapText(stacks: HeapStacks): HeapText {
  const { recording, frames, threads } = stacks
  const samples = threads.flatMap((thread) => thread.samples).sort(byBytes)
  const header = `heap profile: ${counts(totalOf(samples))} @ heap/2`
  const parts = [header, '\n']
  let length = 0
  for (const sample of samples) {
    const part = record(sample, frames)
    length += part.length
    if (length > maxCharacters) throw tooLong()
    parts.push(part)
  }
  const statistics = Object.entries(recording.statistics ?? {}).flatMap(([group, figures]) => [
    `# ${cleanText(group)}`,
    ...Object.entries(figures).map(([name, value]) => `# ${cleanText(name)} = ${value}`),
    '#',
  ])
  const comments = describeHeap(stacks).map((line) => `# ${line}`)
  parts.push('\n', [...statistics, ...comments, ''].join('\n'))
  return {
    text: parts.join(''),
    symbols: frames.map(({ address, name }) => [address, name] as const),
  }
}

function record(sample: HeapSample, frames: readonly Frame[]): string {
  const stack = sample.stack().flatMap((index) => frames[index] ?? [])
  const addresses = stack.map(({ address }) => hex(address + 1))
  const lines = stack.map(({ address, name, file, line }) => {
    const place = file === '' ? '' : `\t${file}:${line}`
    return `#\t${hex(address + 1)}\t${name}+0x1${place}\n`
  })
  return `${counts(sample.values)} @ ${addresses.join(' ')}\n${lines.join('')}\n`
}

/** In use first, then allocated. */
function counts([allocObjects, allocBytes, objects, bytes]: HeapSample['values']): string {
  return `${countOf(objects, bytes)}: ${bytes} [${countOf(allocObjects, allocBytes)}: ${allocBytes}]`
}

function countOf(objects: number, bytes: number): number {
  return bytes === 0 ? 0 : Math.max(1, objects)
}

function totalOf(samples: readonly HeapSample[]): HeapSample['values'] {
  const sum = (index: 0 | 1 | 2 | 3) =>
    samples.reduce((total, { values }) => {
      const [bytes, count] = [values[index | 1] ?? 0, values[index] ?? 0]
      return total + (index % 2 === 0 ? countOf(count, bytes) : count)
    }, 0)
  return [sum(0), sum(1), sum(2), sum(3)]
}

function byBytes(a: HeapSample, b: HeapSample): number {
  return b.values[3] - a.values[3] || b.values[1] - a.values[1]
}

function hex(address: number): string {
  return `0x${address.toString(16)}`
}

function tooLong(): CaptureError {
  const message = `The text would be longer than ${maxCharacters / 1024 / 1024} MiB; ask without debug.`
  return new CaptureError('recording-invalid', message)
}

/**
 * Contentions in the text form of Go's `debug=1`, which `go tool pprof` reads, too (parseContention in
 * google/pprof's profile/legacy_profile.go). A cycle is a nanosecond here, and addresses are those
 * after a call, from which it subtracts 1.
 */
import { CaptureError } from '../errors.ts'
import type { Contention, Contentions } from './contention.ts'
import { describeContentions, framesOfContention } from './contention-words.ts'
import type { Frame } from './frame.ts'

/** A page for people and a legacy form for tools: nobody reads a longer one. */
const maxCharacters = 64 * 1024 * 1024

export interface ContentionText {
  readonly text: string
  readonly symbols: readonly (readonly [address: number, name: string])[]
}

/** Go writes the sampling period for mutexes only; here every contention counts. */
const headers = {
  block: '--- contention:\ncycles/second=1000000000\n',
  mutex: '--- mutex:\ncycles/second=1000000000\nsampling period=1\n',
} as const

export function contentionText(contentions: Contentions): ContentionText {
  const { name, stacks, all } = contentions
  const parts: string[] = [headers[name]]
  let length = 0
  for (const contention of all) {
    const part = record(contention, stacks.frames)
    length += part.length
    if (length > maxCharacters) throw tooLong()
    parts.push(part)
  }
  parts.push(...describeContentions(contentions).map((line) => `# ${line}\n`))
  return {
    text: parts.join(''),
    symbols: stacks.frames.map(({ address, name }) => [address, name] as const),
  }
}

function record(contention: Contention, frames: readonly Frame[]): string {
  const { count, delayNs, thread, wait } = contention
  const stack = framesOfContention(contention).flatMap((index) => frames[index] ?? [])
  const addresses = stack.map(({ address }) => hex(address + 1))
  const lines = stack.map(({ address, name, file, line }) => {
    const place = file === '' ? '' : `\t${file}:${line}`
    return `#\t${hex(address + 1)}\t${name}+0x1${place}\n`
  })
  const labels = JSON.stringify({ thread: thread.thread, ...(wait !== undefined && { wait }) })
  return `${delayNs} ${count} @ ${addresses.join(' ')}\n# labels: ${labels}\n${lines.join('')}\n`
}

function hex(address: number): string {
  return `0x${address.toString(16)}`
}

function tooLong(): CaptureError {
  const message = `The text would be longer than ${maxCharacters / 1024 / 1024} MiB; ask without debug.`
  return new CaptureError('recording-invalid', message)
}

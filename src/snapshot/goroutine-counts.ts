/**
 * `debug=1`: Go's text of a count profile (runtime/pprof, printCountProfile), which `go tool pprof`
 * reads. The names stand in comments; pprof asks for them at /debug/pprof/symbol, by addresses.
 */
import { countedStacks, type StackLabels } from './counted-stacks.ts'
import { describeRecording } from './describe-recording.ts'
import { type GoroutineRecording, totalCount } from './entry.ts'
import type { GoroutinePprof } from './goroutine-pprof.ts'

export interface GoroutineCounts {
  readonly text: string
  /** Every address as pprof asks for it, with its function's name. */
  readonly symbols: GoroutinePprof['symbols']
}

export function goroutineCounts(recording: GoroutineRecording): GoroutineCounts {
  const symbols = new Map<number, string>()
  const stacks = countedStacks(recording).map(({ stack, labels, count }) => {
    const lines = stack.map(({ address, name, file, line }) => {
      symbols.set(address, name)
      return `#\t${counter(address)}\t${name}+0x1\t${file === '' ? '(native)' : file}:${line}\n`
    })
    const counters = stack.map(({ address }) => counter(address)).join(' ')
    return `${count} @ ${counters}\n# labels: ${labelsText(labels)}\n${lines.join('')}\n`
  })
  const comments = describeRecording(recording).map((line) => `# ${line}\n`)
  const head = `goroutine profile: total ${totalCount(recording.entries)}\n${comments.join('')}\n`
  return { text: head + stacks.join(''), symbols: [...symbols] }
}

/** Readers take it for the address to return to, and look one below for the call. */
function counter(address: number): string {
  return `0x${(address + 1).toString(16)}`
}

/** As Go prints labels. */
function labelsText(labels: StackLabels): string {
  const pairs = Object.entries(labels).map(([key, value]) => `"${key}":${JSON.stringify(value)}`)
  return `{${pairs.join(', ')}}`
}

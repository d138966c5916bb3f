/**
 * Go's profile `threadcreate`: how many threads there are of each kind. Who started a thread of V8 or
 * libuv is no JavaScript, so a stack is what the thread is for, above the kernel's name of it.
 */

import { gzipProfile } from '../pprof/gzip-profile.ts'
import { limits } from '../pprof/profile.ts'
import { ProfileBuilder } from '../pprof/profile-builder.ts'
import { cleanText, cutEnd, cutStart } from './clean-text.ts'
import { frameAddress } from './frame-address.ts'
import { PprofLocations } from './pprof-locations.ts'

/** What the captures hand over. */
export interface ThreadList {
  readonly target: { readonly pid: number; readonly name: string; readonly executable: string }
  readonly takenAtMs: number
  /** 0 for a moment, else the time within which the threads were started. */
  readonly durationMs: number
  readonly threads: readonly {
    readonly roleName: string
    readonly comm: string
    readonly worker: { readonly name: string; readonly url: string } | undefined
  }[]
  readonly notes: readonly string[]
}

export interface EncodedThreads {
  readonly bytes: string | Uint8Array
  /** Every address with its name, for pprof's symbol request. */
  readonly symbols: readonly (readonly [address: number, name: string])[]
}

interface Place {
  readonly name: string
  /** Of a worker, where it is known. */
  readonly file: string
}

interface CountedThreads {
  /** Leaf first. */
  readonly stack: readonly Place[]
  readonly labels: Readonly<Record<'thread' | 'comm', string>>
  count: number
}

export async function threadsPprof(list: ThreadList): Promise<EncodedThreads> {
  const type = { type: 'threadcreate', unit: 'count' }
  const builder = new ProfileBuilder({
    sampleTypes: [type],
    defaultSampleType: type.type,
    periodType: type,
    period: 1,
    timeNanos: BigInt(Math.round(list.takenAtMs * 1000)) * 1000n,
    durationNanos: Math.round(list.durationMs * 1e6),
    executable: cutStart(cleanText(list.target.executable), limits.fileNameBytes),
    comments: notesOf(list),
  })
  const locations = new PprofLocations(builder, [])
  for (const { stack, labels, count } of counted(list)) {
    const [leaf, ...callers] = stack.map(({ name, file }) => locations.ofName(name, file))
    if (leaf) builder.addSample(leaf, builder.callers(callers), [count], builder.labels(labels))
  }
  return { bytes: await gzipProfile(builder.encode()), symbols: locations.symbols }
}

/** `debug=1`: Go's text of a count profile (runtime/pprof, printCountProfile), which pprof reads, too. */
export function threadsText(list: ThreadList): EncodedThreads {
  const symbols = new Map<number, string>()
  const stacks = counted(list).map(({ stack, labels, count }) => {
    const counters = stack.map((place) => counter(addressOf(place)))
    const lines = stack.map((place) => {
      symbols.set(addressOf(place), place.name)
      return `#\t${counter(addressOf(place))}\t${place.name}+0x1\t${place.file || '(native)'}:0\n`
    })
    const pairs = Object.entries(labels).map(([key, value]) => `"${key}":${JSON.stringify(value)}`)
    return `${count} @ ${counters.join(' ')}\n# labels: {${pairs.join(', ')}}\n${lines.join('')}\n`
  })
  const notes = notesOf(list).map((line) => `# ${line}\n`)
  const head = `threadcreate profile: total ${list.threads.length}\n${notes.join('')}\n`
  return { bytes: head + stacks.join(''), symbols: [...symbols] }
}

function notesOf({ target, notes }: ThreadList): readonly string[] {
  return [`target: ${cleanText(target.name)}, pid ${target.pid}`, ...notes.map(cleanText)]
}

/** The most frequent first, as in Go. */
function counted({ threads }: ThreadList): readonly CountedThreads[] {
  const counts = new Map<string, CountedThreads>()
  for (const { roleName, comm, worker } of threads) {
    const kernelName = cutEnd(cleanText(comm), limits.functionNameBytes) || 'unnamed'
    const role = cutEnd(cleanText(roleName), limits.functionNameBytes)
    const own = worker && {
      name: cutEnd(`worker ${cleanText(worker.name)}`, limits.functionNameBytes),
      file: cutStart(cleanText(worker.url), limits.fileNameBytes),
    }
    const stack = [...(own ? [own] : []), { name: role, file: '' }]
    const labels = { thread: own?.name ?? role, comm: kernelName }
    const key = [...stack.map(({ name, file }) => `${name}\0${file}`), kernelName].join('\0')
    const known = counts.get(key)
    if (known) known.count++
    else {
      const below = { name: `[${kernelName}]`, file: '' }
      counts.set(key, { stack: [...stack, below], labels, count: 1 })
    }
  }
  return [...counts.values()].sort((a, b) => b.count - a.count)
}

function addressOf({ name, file }: Place): number {
  return frameAddress(file, -1, -1, name)
}

/** Readers take it for the address to return to, and look one below for the call. */
function counter(address: number): string {
  return `0x${(address + 1).toString(16)}`
}

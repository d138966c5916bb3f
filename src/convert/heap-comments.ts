/** What a heap recording is and what it cannot say, in lines for those who judge its numbers. */
import { cleanText } from './clean-text.ts'
import { seconds } from './cpu-quality.ts'
import type { HeapRecording, HeapThreadRecording } from './heap-recording.ts'
import type { HeapStacks } from './heap-stacks.ts'
import { sourceNotes } from './source-lookup.ts'

export function describeHeap({ recording, sources }: HeapStacks): readonly string[] {
  const { target, threads, missing, samplingIntervalBytes } = recording
  const inspector = recording.openedInspector ? ', inspector opened for it' : ''
  return [
    `target: ${cleanText(target.name)}, pid ${target.pid}, node ${cleanText(target.nodeVersion)}`,
    describeTime(recording),
    ...describeColumns(threads),
    ...(hasOwnSampler(recording)
      ? [`rate: one sample in ${samplingIntervalBytes} bytes on average`]
      : []),
    'bytes: scaled by V8 from the samples to all allocations',
    'objects: only those that were sampled, so a lower bound; V8 does not tell how many they stand for',
    ...describeGarbage(threads),
    '(external), (array buffers): memory outside of the JavaScript heap, in use, by process.memoryUsage(); not sampled',
    ...describeForeign(threads),
    `pauses of the target: at most ${rounded(recording.readPauseMs)} ms for the reading`,
    `attach: ${rounded(recording.attachMs)} ms${inspector}`,
    ...sourceNotes(sources),
    ...(missing.length === 0 ? [] : [`warning: not read: ${missing.map(cleanText).join(', ')}`]),
  ]
}

export function hasOwnSampler({ threads }: HeapRecording): boolean {
  return threads.some(({ sampler }) => sampler === 'own')
}

function describeTime({ mode, isDelta, startedAtMs, readAtMs }: HeapRecording): string {
  const time = seconds(readAtMs - startedAtMs)
  const since = new Date(startedAtMs).toISOString()
  if (isDelta) return `difference: of ${time}, since ${since}; what was freed is negative`
  if (mode === 'continuous') return `sampled: for ${time}, since ${since} (heap.continuous)`
  return `sampled: for ${time}, since ${since}; what was allocated before is not in it`
}

function describeColumns(threads: readonly HeapThreadRecording[]): readonly string[] {
  const counted = new Set(threads.map(({ counting }) => counting))
  return [
    ...(counted.has('live')
      ? ['alloc_objects, alloc_space: 0, unknown: this sampler counts what lives']
      : []),
    ...(counted.has('allocated')
      ? ['inuse_objects, inuse_space: 0, unknown: this sampler counts what was allocated']
      : []),
  ]
}

function describeGarbage(threads: readonly HeapThreadRecording[]): readonly string[] {
  const live = threads.filter(({ counting }) => counting === 'live')
  if (live.some(({ collected }) => collected === false)) {
    return ['garbage: not collected before the reading, so in use holds what is not collected yet']
  }
  return live.some(({ collected }) => collected)
    ? ['garbage: collected for the reading; in use is what lives']
    : []
}

function describeForeign(threads: readonly HeapThreadRecording[]): readonly string[] {
  const foreign = threads.filter(({ sampler }) => sampler === 'foreign')
  if (foreign.length === 0) return []
  const names = foreign.map(({ thread }) => cleanText(thread)).join(', ')
  return [
    `sampler: foreign in ${names}: it ran already, was read and left as it is; its rate, beginning and flags are unknown`,
  ]
}

function rounded(value: number): number {
  return Number(value.toFixed(1))
}

// Heap recordings made by hand.
import { encodeHeapProfile } from '../../src/convert/heap-formats.ts'
import type { HeapRecording, HeapThreadRecording } from '../../src/convert/heap-recording.ts'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import type { Profile } from '../../src/pprof/profile.ts'

export interface Node {
  readonly name: string
  readonly size: number
  readonly children?: readonly Node[]
}

export function frame(functionName: string): string {
  const isNative = functionName.startsWith('(')
  const line = isNative ? -1 : 1
  const url = isNative ? '' : '/a.js'
  return JSON.stringify({ functionName, scriptId: '1', url, lineNumber: line, columnNumber: line })
}

export function node(name: string, size: number): string {
  return `{"callFrame":${frame(name)},"selfSize":${size},"id":1,"children":[]}`
}

export function profileOf(head: Node): Uint8Array {
  let lastId = 0
  const toJson = ({ name, size, children = [] }: Node): object => ({
    callFrame: JSON.parse(frame(name)),
    selfSize: size,
    id: ++lastId,
    children: children.map(toJson),
  })
  return Buffer.from(JSON.stringify({ head: toJson(head), samples: [] }))
}

export function thread(
  profileJson: Uint8Array,
  native?: HeapThreadRecording['native'],
): HeapThreadRecording {
  return {
    pid: 7,
    thread: 'main',
    sampler: 'own',
    counting: 'live',
    collected: true,
    profileJson,
    native,
    baseline: undefined,
  }
}

export function recordingOf(
  threads: readonly HeapThreadRecording[],
  more: Partial<HeapRecording> = {},
): HeapRecording {
  const startedAtMs = Date.UTC(2026, 0)
  return {
    threads,
    missing: [],
    target: {
      pid: 7,
      name: 'app',
      nodeVersion: 'v20.0.0',
      executable: '/node',
      workingDirectory: '',
    },
    mode: 'window',
    isDelta: false,
    startedAtMs,
    readAtMs: startedAtMs + 3000,
    samplingIntervalBytes: 1024,
    readPauseMs: 1,
    attachMs: 1,
    openedInspector: true,
    statistics: { 'group \u0007': { figure: 3 } },
    ...more,
  }
}

export async function encode(
  one: HeapThreadRecording,
  more: Partial<HeapRecording> = {},
): Promise<{ readonly bytes: Uint8Array; readonly profile: Profile }> {
  const { bytes } = await encodeHeapProfile(recordingOf([one], more), 'heap', 'pprof')
  return { bytes, profile: decodeProfile(bytes) }
}

export function sum({ samples }: Profile, value: number): number {
  return samples.reduce((total, { values }) => total + (values[value] ?? 0), 0)
}

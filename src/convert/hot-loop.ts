/**
 * V8 gives the samples of a function that was in its own optimised loop when profiling began to the
 * function's caller. The captures asked busy threads what they run (CpuRecording's `checks`): where
 * such an answer names a function on top of the one that was sampled then, and no sample ever was of
 * it there, the samples of that unbroken stretch are the callee's.
 */
import type { CallFrame } from './call-frames.ts'
import type { CpuProfile } from './cpu-profile.ts'
import type { CheckedFrame, RunningCheck } from './cpu-recording.ts'
import { isSameFunction, ProfileEditor, type Stretch } from './profile-editor.ts'

export interface HotLoopRepair {
  readonly profile: CpuProfile
  /** Nodes that were added for functions that V8 did not see. */
  readonly repairedNodes: ReadonlySet<number>
  /** One sentence for each repair. */
  readonly notes: readonly string[]
  /** And for what is doubtful. */
  readonly warnings: readonly string[]
}

/** Fewer answers that agree only warn: one could have come from a moment between two samples. */
const minAnswers = 2

/** What these take within a loop does not interrupt it. */
const passing = new Set(['(garbage collector)', '(program)'])

/** What one answer says against the samples; nothing is missing where it is what was sampled. */
type Finding = Stretch

export function repairHotLoops(
  profile: CpuProfile,
  checks: readonly RunningCheck[],
): HotLoopRepair {
  const nothing = { profile, repairedNodes: new Set<number>(), notes: [], warnings: [] }
  if (checks.length === 0) return nothing
  const samples = new Samples(profile)
  const findings = checks.flatMap((check) => findingOf(samples, check))
  const groups = new Map<string, Finding[]>()
  for (const finding of findings.filter(({ missing }) => missing.length > 0)) {
    const key = keyOf(finding)
    groups.set(key, [...(groups.get(key) ?? []), finding])
  }
  const editor = new ProfileEditor(profile)
  const notes: string[] = []
  const warnings: string[] = []
  for (const group of groups.values()) {
    const [finding] = group
    if (!finding) continue
    const names = namesOf(profile, finding)
    const agreed = group.length >= minAnswers && !isContradicted(finding, findings, group)
    if (agreed) editor.move(finding)
    if (agreed) notes.push(repairedNote(names, finding, group.length))
    else warnings.push(warningOf(names))
  }
  return { profile: editor.result(), repairedNodes: editor.added, notes, warnings }
}

interface Names {
  readonly callee: string
  readonly caller: string
}

function namesOf({ callFrames, frames }: CpuProfile, { node, missing }: Finding): Names {
  const named = (name: string | undefined) => name || '(anonymous)'
  return {
    callee: named(missing.at(-1)?.functionName),
    caller: named(callFrames[frames[node] ?? -1]?.functionName),
  }
}

function repairedNote({ callee, caller }: Names, { first, last }: Finding, count: number): string {
  return `hot loop: V8 gave ${last - first + 1} samples in a row of ${callee} to its caller ${caller}; ${count} evaluated stacks show ${callee}, so they are its here (label repaired=hot-loop)`
}

function warningOf({ callee, caller }: Names): string {
  return `a stack that was evaluated meanwhile shows ${callee}, of which there is no sample: V8 gives samples of a function that was in its own optimised loop when profiling began to its caller, so time of ${caller} may be its`
}

/** Another answer from the same stretch says something else. */
function isContradicted(
  { first, last }: Finding,
  all: readonly Finding[],
  group: readonly Finding[],
): boolean {
  return all.some((other) => !group.includes(other) && other.first <= last && other.last >= first)
}

function keyOf({ node, first, missing }: Finding): string {
  return [
    node,
    first,
    ...missing.map(({ functionName, lineNumber }) => `${functionName}:${lineNumber}`),
  ].join(' ')
}

/** The samples of a profile, each known by its index. */
class Samples {
  readonly profile: CpuProfile
  /** On V8's clock. */
  readonly startsUs: Float64Array
  /** By node: whether its function is evaluated code, ours most likely, or below such code. */
  readonly #isEvaluated: Uint8Array
  /** By node: whether there is a sample of it or of what it calls, evaluated code left out. */
  readonly #isSampled: Uint8Array

  constructor(profile: CpuProfile) {
    const { samples, timeDeltasUs, startTimeUs, nodeCount, topDown, parents } = profile
    this.profile = profile
    this.startsUs = new Float64Array(samples.length)
    let clockUs = startTimeUs
    for (let index = 0; index < samples.length; index++) {
      clockUs += timeDeltasUs[index] ?? 0
      this.startsUs[index] = clockUs
    }
    this.#isEvaluated = new Uint8Array(nodeCount)
    for (const node of topDown) {
      const isBelow = this.#isEvaluated[parents[node] ?? -1] === 1
      if (isBelow || isEvaluatedCode(this.frameOf(node))) this.#isEvaluated[node] = 1
    }
    this.#isSampled = new Uint8Array(nodeCount)
    for (const node of samples) {
      if (this.#isEvaluated[node] === 1) continue
      for (let at = node; at >= 0 && this.#isSampled[at] === 0; at = parents[at] ?? -1) {
        this.#isSampled[at] = 1
      }
    }
  }

  frameOf(node: number): CallFrame | undefined {
    return this.profile.callFrames[this.profile.frames[node] ?? -1]
  }

  /** Whether what was sampled there does not end a stretch of samples of other code. */
  isPassing(index: number): boolean {
    const node = this.profile.samples[index]
    if (node === undefined) return false
    if (this.#isEvaluated[node] === 1) return true
    const frame = this.frameOf(node)
    return frame?.url === '' && passing.has(frame.functionName)
  }

  /** What the node calls, as far as samples show. */
  calleesOf(node: number): readonly CallFrame[] {
    const callees: CallFrame[] = []
    for (const [child, parent] of this.profile.parents.entries()) {
      const frame = parent === node && this.#isSampled[child] === 1 && this.frameOf(child)
      if (frame) callees.push(frame)
    }
    return callees
  }
}

function isEvaluatedCode(frame: CallFrame | undefined): boolean {
  return frame !== undefined && frame.url === '' && frame.lineNumber >= 0
}

function findingOf(samples: Samples, { askedUs, answeredUs, frames }: RunningCheck): Finding[] {
  const { startsUs, profile } = samples
  const index = startsUs.findLastIndex((us) => us <= askedUs)
  const node = profile.samples[index] ?? -1
  if (node < 0 || samples.isPassing(index)) return []
  const isSame = (at: number) => profile.samples[at] === node || samples.isPassing(at)
  let first = index
  while (first > 0 && isSame(first - 1)) first--
  let last = index
  while (isSame(last + 1)) last++
  // The answer must come from within the stretch, not from what came after it.
  if ((startsUs[last] ?? 0) < answeredUs) return []
  const missing = missingAbove(samples, node, frames)
  return missing ? [{ node, first, last, missing }] : []
}

/** The frames of the answer above the node, the nearest to it first; undefined where it is another stack. */
function missingAbove(
  samples: Samples,
  node: number,
  answer: readonly CheckedFrame[],
): readonly CheckedFrame[] | undefined {
  const depth = answer.findIndex((_frame, from) => hasStack(samples, node, answer.slice(from)))
  if (depth < 0) return undefined
  const missing = answer.slice(0, depth).reverse()
  const [nearest] = missing
  const isKnown = samples.calleesOf(node).some((frame) => nearest && isSameFunction(frame, nearest))
  return isKnown ? undefined : missing
}

/** Whether the node's stack is this one. */
function hasStack(samples: Samples, node: number, stack: readonly CheckedFrame[]): boolean {
  let at = node
  for (const checked of stack) {
    const frame = samples.frameOf(at)
    if (!frame || !isSameFunction(frame, checked)) return false
    at = samples.profile.parents[at] ?? -1
  }
  return true
}

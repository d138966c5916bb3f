import { type CpuOptions, recordCpu } from '../captures/cpu.ts'
import type { CpuRecording } from '../captures/cpu-recording.ts'
import type { Target } from '../targets/target.ts'
import type { ServerContext } from './context.ts'

/** Out of the chain of windows that the target is in, where it is, else by a capture of its own. */
export async function recordShared(
  { targets, flightRecorder }: Pick<ServerContext, 'targets' | 'flightRecorder'>,
  target: Target,
  options: CpuOptions,
): Promise<CpuRecording> {
  targets.checkAllowed(target, options.kind ?? 'profile')
  const shared = options.mainThreadOnly ? undefined : await flightRecorder.record(target, options)
  return shared ?? recordCpu(targets, target, options)
}

/** Who holds the memory, for the page. */
import { recordRetained, retainedCost } from '../retained-request.ts'
import { checkAwaited, type Record, ready } from './recorded.ts'

export const recordRetainedForPage: Record = async (context, target, { force }, signal) => {
  const answer = await recordRetained(context, target, { force }, signal)
  checkAwaited(signal)
  const { bytes } = answer.profile
  return {
    cost: retainedCost(answer),
    nodeVersion: answer.recording.target.nodeVersion,
    files: [
      {
        name: `retained-${answer.recording.target.pid}.pb.gz`,
        label: 'pprof',
        contentType: 'application/octet-stream',
        encode: ready(bytes),
      },
    ],
    sizeBytes: bytes.byteLength,
  }
}

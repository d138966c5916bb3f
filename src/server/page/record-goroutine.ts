/** The goroutine snapshot for the page. Its own page, /debug/panicparse, shows more of it. */
import {
  encodeGoroutines,
  type GoroutineFormat,
  goroutineFormats,
} from '../../snapshot/goroutine-formats.ts'
import { readPanicparseParameters, snapshotCost, takeSnapshot } from '../goroutine-request.ts'
import { checkAwaited, type Record, type ResultFile, ready } from './recorded.ts'

const formats = [
  ['pprof', '.pb.gz', 'pprof'],
  ['text', '.txt', "Go's text"],
  ['json', '.json', 'JSON'],
  ['markdown', '.md', 'markdown'],
] as const satisfies readonly (readonly [GoroutineFormat, string, string])[]

export const recordGoroutineForPage: Record = async (
  context,
  target,
  { force, pprofOnly },
  signal,
) => {
  const method = { promises: false, worker: false, deep: false, force, seconds: undefined }
  const wanted = {
    ...readPanicparseParameters({}, context),
    ...method,
    format: pprofOnly ? 'pprof' : 'json',
  } as const
  const snapshot = await takeSnapshot(context, target, wanted, signal)
  checkAwaited(signal)
  const { recorded, sources } = snapshot
  const files: ResultFile[] = []
  let sizeBytes = 0
  for (const [format, extension, label] of formats.slice(0, pprofOnly ? 1 : undefined)) {
    const { similarity } = wanted
    const { bytes } = await encodeGoroutines(recorded, format, { similarity, sources })
    sizeBytes += Buffer.byteLength(bytes)
    const name = `goroutine-${recorded.recording.target.pid}${extension}`
    const { contentType } = goroutineFormats[format]
    files.push({ name, label, contentType, encode: ready(bytes) })
  }
  const { nodeVersion } = recorded.recording.target
  return { cost: snapshotCost(snapshot), nodeVersion, files, sizeBytes }
}

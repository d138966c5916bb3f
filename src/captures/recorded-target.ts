import type { Attachment } from '../targets/target.ts'

/** What a recording says of the process that it is of. */
export interface RecordedTarget {
  readonly pid: number
  readonly name: string
  /** `process.version`, such as `v20.20.2`. */
  readonly nodeVersion: string
  readonly executable: string
  readonly workingDirectory: string
}

export function recordedTarget({ target, nodeVersion }: Attachment): RecordedTarget {
  const { pid, name, executable, workingDirectory } = target
  return { pid, name, nodeVersion, executable, workingDirectory }
}

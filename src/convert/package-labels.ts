/** The label `package` of samples, such as `express@5.1.0`: pprof's -tags and -tagfocus add it up. */
import type { LabelsRef, ProfileBuilder } from '../pprof/profile-builder.ts'
import type { Frame } from './frame.ts'

/** Labels of samples that differ in nothing but their package; each is made once. */
export class PackageLabels {
  readonly #builder: ProfileBuilder
  readonly #common: Readonly<Record<string, string>>
  readonly #made = new Map<string | undefined, LabelsRef>()

  constructor(builder: ProfileBuilder, common: Readonly<Record<string, string>>) {
    this.#builder = builder
    this.#common = common
  }

  /** Without the label where the package is unknown, and for application code. */
  of(packageName: string | undefined): LabelsRef {
    const known = this.#made.get(packageName)
    if (known) return known
    const own = packageName === undefined ? {} : { package: packageName }
    const labels = this.#builder.labels({ ...this.#common, ...own })
    this.#made.set(packageName, labels)
    return labels
  }
}

/** Whether a frame has work done that is not its own: who calls `fs.readSync` has its time, too. */
export function worksForItsCaller(frame: Frame | undefined): boolean {
  return frame?.origin === 'node' || frame?.origin === 'native'
}

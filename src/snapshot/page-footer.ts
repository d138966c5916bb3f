/** What the page says of itself: when and where the snapshot is from, and what the colours mean. */
import { type Html, html } from '../ui/html.ts'
import { type Location, locations } from './call.ts'
import type { GoroutineRecording } from './entry.ts'
import type { PageBucket } from './page-bucket.ts'

export interface PageFacts {
  /** More rows for the footer, such as the number of CPUs. */
  readonly facts?: readonly (readonly [name: string, value: string])[] | undefined
  /** Put at the end of the page. */
  readonly footer?: Html | undefined
}

/** Names of packages in the footer. */
const maxPackages = 200

const meanings: Readonly<Record<Location, string>> = {
  main: 'the package of the entry script',
  application: 'other packages of the workspace',
  linked: 'files outside the workspace and outside node_modules',
  dependency: 'packages in node_modules',
  runtime: "Node's own modules",
  unknown: 'evaluated code, WebAssembly, native code',
}

export function pageFooter(
  { target, takenAtMs, targetCostMs }: GoroutineRecording,
  shown: readonly PageBucket[],
  { facts = [], footer }: PageFacts,
): Html {
  const packages = packagesOf(shown)
  const rows: readonly (readonly [string, string])[] = [
    ['Taken at', new Date(takenAtMs).toISOString()],
    ['Cost', `the target's threads worked ${Math.round(targetCostMs * 10) / 10} ms for it`],
    ['Node', target.nodeVersion],
    ['Executable', target.executable],
    ['Working directory', target.workingDirectory],
    ['Packages', packages.length === 0 ? 'none' : packages.join(', ')],
    ...facts,
  ]
  return html`<footer>
<h2>Snapshot</h2>
<table><tbody>
${rows.map(([name, value]) => html`<tr><th scope="row">${name}</th><td>${value || 'unknown'}</td></tr>\n`)}</tbody></table>
<h2>Legend</h2>
<table class="legend"><tbody>
${locations.map((location) => html`<tr><td class="${location}">${location}</td><td>${meanings[location]}</td></tr>\n`)}</tbody></table>
<p class="quiet">Bold: the first function of a stack that is not of a dependency or of Node. <code>async</code>: the function is suspended and awaits the one above. <code>(...)</code>: the stack was cut.</p>
${footer ?? ''}</footer>
`
}

function packagesOf(shown: readonly PageBucket[]): readonly string[] {
  const names = new Set<string>()
  for (const { bucket } of shown) {
    for (const { location, package: name, version } of bucket.stack) {
      if (location === 'runtime' || name === '' || name === location) continue
      names.add(version === '' ? name : `${name}@${version}`)
    }
  }
  const sorted = [...names].sort()
  const rest = sorted.length - maxPackages
  return rest > 0 ? [...sorted.slice(0, maxPackages), `and ${rest} more`] : sorted
}

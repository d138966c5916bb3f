/** The form of panicparse's `pp`: github.com/maruel/panicparse internal/ui.go, with its colours. */
import type { Bucket } from './aggregate.ts'
import {
  bucketHeader,
  bucketNotes,
  type Change,
  callName,
  countText,
  type PathForm,
  packageText,
  placeText,
  type StackColumns,
  stackColumns,
} from './bucket-text.ts'
import type { Location } from './call.ts'
import { stateText } from './state-text.ts'

export interface TerminalOptions {
  readonly isColoured?: boolean | undefined
  /** Default: `base`. */
  readonly paths?: PathForm | undefined
  /** Leaves out buckets whose header matches. */
  readonly filter?: RegExp | undefined
  /** Keeps only buckets whose header matches. */
  readonly match?: RegExp | undefined
}

export interface ShownBucket {
  readonly bucket: Bucket
  readonly change?: Change | undefined
}

export function terminalText(
  shown: readonly ShownBucket[],
  { isColoured = false, paths = 'base', filter, match }: TerminalOptions = {},
): string {
  const palette = isColoured ? colours : noColours
  const columns = stackColumns(
    shown.map(({ bucket }) => bucket.stack),
    paths,
  )
  const parts = shown.flatMap(({ bucket, change }) => {
    const header = bucketHeader(bucket, paths, change)
    if (filter?.test(header) || (match && !match.test(header))) return []
    const isHighlighted = bucket.isFirst && shown.length > 1
    const lines = callLines(bucket, paths, columns, palette)
    return [headerLine(bucket, change, paths, isHighlighted, palette), ...lines]
  })
  return parts.map((line) => `${line}\n`).join('')
}

interface Palette {
  readonly first: string
  readonly createdBy: string
  readonly package: string
  readonly reset: string
  readonly locations: Readonly<Record<Location, string>>
}

/** Select Graphic Rendition: https://man7.org/linux/man-pages/man4/console_codes.4.html */
const sgr = (...codes: readonly number[]): string => `\u001b[${codes.join(';')}m`

const colours: Palette = {
  first: sgr(35, 1),
  createdBy: sgr(90),
  package: sgr(1),
  reset: sgr(0),
  locations: {
    main: sgr(33, 1),
    application: sgr(31),
    linked: sgr(36),
    dependency: sgr(34),
    runtime: sgr(32),
    unknown: sgr(37),
  },
}

const noColours: Palette = {
  first: '',
  createdBy: '',
  package: '',
  reset: '',
  locations: { main: '', application: '', linked: '', dependency: '', runtime: '', unknown: '' },
}

function headerLine(
  bucket: Bucket,
  change: Change | undefined,
  paths: PathForm,
  isHighlighted: boolean,
  { first, createdBy, reset }: Palette,
): string {
  const notes = bucketNotes(bucket, paths)
  const [last = '', others] = bucket.createdBy ? [notes.at(-1), notes.slice(0, -1)] : ['', notes]
  const head = `${countText(bucket, change)}: ${stateText(bucket)}${others.join('')}`
  const start = isHighlighted ? first : ''
  return `${start}${head}${last && createdBy + last}${start || last ? reset : ''}`
}

function callLines(
  { stack, elided }: Bucket,
  paths: PathForm,
  columns: StackColumns,
  palette: Palette,
): readonly string[] {
  const { package: bold, reset, locations } = palette
  const lines = stack.map((call) => {
    const name = packageText(call).padEnd(columns.package)
    const place = placeText(call, paths).padEnd(columns.place)
    return `    ${bold}${name}${reset} ${place} ${locations[call.location]}${callName(call)}${reset}`
  })
  return elided ? [...lines, '    (...)'] : lines
}

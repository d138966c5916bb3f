/** One picture of `pprofd top` as lines of text, for a terminal or a file. */
import { styleText } from 'node:util'
import stringWidth from 'string-width'
import { cleanText } from '../../convert/clean-text.ts'
import type { TopColumn, TopRow } from '../../convert/top/top-model.ts'
import { cutText } from './cut-text.ts'
import { headLines } from './head-lines.ts'
import type { TopSnapshot } from './top-snapshot.ts'

export interface TopSize {
  readonly columns: number
  readonly rows: number
}

const titles: Readonly<Record<TopColumn, string>> = {
  ownShare: '%Own',
  totalShare: '%Total',
  ownUs: 'OwnTime',
  totalUs: 'TotalTime',
}

const widths: Readonly<Record<TopColumn, number>> = {
  ownShare: 7,
  totalShare: 7,
  ownUs: 9,
  totalUs: 10,
}

/** Below this, the two columns of the same kind as the sorted one are all that leaves room for names. */
const allColumnsFrom = 72

const keysLine = 'q quit  1-4 or s sort  p pause  r reset  t thread  ? help'

/** As many lines as fit, none wider than the terminal. */
export function topLines(snapshot: TopSnapshot, size: TopSize, hasColors: boolean): string[] {
  const { columns, rows } = size
  const paint = painter(hasColors)
  const head = headLines(snapshot).map(({ text, isAlarm }) =>
    isAlarm ? paint(['bold', 'red'], cutText(text, columns)) : cutText(text, columns),
  )
  const title = paint(
    ['inverse'],
    pad(cutText(titleLine(snapshot.sort, columns), columns), columns),
  )
  const room = Math.max(0, rows - head.length - 3)
  const table = snapshot.rows
    .filter((row) => row[snapshot.sort] > 0 || row.ownShare > 0)
    .slice(0, room)
    .map((row) => tableLine(row, snapshot.sort, columns, paint))
  const blank = Array.from({ length: room - table.length }, () => '')
  const keys = paint(['dim'], cutText(keysLine, columns))
  return [...head, '', title, ...table, ...blank, keys].slice(0, rows)
}

/** Of a table without a terminal. */
const plainRows = 20

/** One table for a file or a pipe: no colours, nothing cut. */
export function plainText(snapshot: TopSnapshot): string {
  const wide = Number.MAX_SAFE_INTEGER
  const rows = snapshot.rows.filter((row) => row[snapshot.sort] > 0).slice(0, plainRows)
  const lines = [
    ...headLines(snapshot).map(({ text }) => text),
    titleLine(snapshot.sort, wide),
    ...rows.map((row) => tableLine(row, snapshot.sort, wide, (_, text) => text)),
  ]
  return `${lines.join('\n')}\n\n`
}

type Paint = (styles: readonly ('bold' | 'red' | 'dim' | 'inverse')[], text: string) => string

function painter(hasColors: boolean): Paint {
  if (!hasColors) return (_, text) => text
  return (styles, text) => styles.reduce((painted, style) => styled(style, painted), text)
}

/** Later versions of Node would judge stdout again. */
function styled(style: 'bold' | 'red' | 'dim' | 'inverse', text: string): string {
  const options = { validateStream: false }
  return (styleText as (style: string, text: string, options: object) => string)(
    style,
    text,
    options,
  )
}

function shownColumns(sort: TopColumn, columns: number): readonly TopColumn[] {
  if (columns >= allColumnsFrom) return ['ownShare', 'totalShare', 'ownUs', 'totalUs']
  return sort === 'ownShare' || sort === 'totalShare'
    ? ['ownShare', 'totalShare']
    : ['ownUs', 'totalUs']
}

/** The sorted column has a mark, also for those who see no colours. */
function titleLine(sort: TopColumn, columns: number): string {
  const cells = shownColumns(sort, columns).map((column) => {
    const title = column === sort ? `>${titles[column]}` : titles[column]
    return title.padStart(widths[column])
  })
  return `${cells.join(' ')}  Function (file:line)`
}

function tableLine(row: TopRow, sort: TopColumn, columns: number, paint: Paint): string {
  const cells = shownColumns(sort, columns).map((column) =>
    cellOf(row, column).padStart(widths[column]),
  )
  const figures = `${cells.join(' ')}  `
  const room = Math.max(1, columns - figures.length)
  return paint(
    row.ownShare >= 0.1 ? ['bold'] : [],
    cutText(`${figures}${functionText(row, room)}`, columns),
  )
}

function cellOf(row: TopRow, column: TopColumn): string {
  const value = row[column]
  if (column === 'ownShare' || column === 'totalShare') return `${(value * 100).toFixed(1)}%`
  return `${(value / 1e6).toFixed(2)}s`
}

/** With the whole path where there is room; the narrower it is, the less of where it is. */
function functionText({ name, file, line }: TopRow, room: number): string {
  const own = cleanText(name)
  if (file === '') return cutText(own, room)
  const path = cleanText(file)
  const place = `${path.slice(path.lastIndexOf('/') + 1)}:${line}`
  const short = own.slice(own.lastIndexOf('/') + 1)
  const forms = [`${own} (${path}:${line})`, `${own} (${place})`, `${short} (${place})`]
  return forms.find((form) => stringWidth(form) <= room) ?? cutText(short, room)
}

function pad(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - stringWidth(text)))
}

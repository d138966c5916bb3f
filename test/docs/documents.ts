// The pages that a reader gets, and the blocks in them.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkout } from '../fixtures/support/checkout.ts'

export interface Block {
  /** `docs/access.md:54` */
  readonly place: string
  /** The first word after the fence: `sh`, `console`, `yaml`; empty where there is none. */
  readonly language: string
  /** Whether `run` follows it. */
  readonly isRun: boolean
  readonly text: string
}

export interface ConsoleCommand {
  readonly command: string
  /** What the page shows below it. `...` stands for anything. */
  readonly shown: readonly string[]
}

export const documents: readonly string[] = [
  'README.md',
  ...readdirSync(join(checkout, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

export function documentText(name: string): string {
  return readFileSync(join(checkout, name), 'utf8')
}

export function blocksOf(name: string): readonly Block[] {
  const blocks: Block[] = []
  let open: { language: string; isRun: boolean; line: number; lines: string[] } | undefined
  for (const [index, line] of documentText(name).split('\n').entries()) {
    const fence = /^```(.*)$/.exec(line)
    if (fence === null) {
      open?.lines.push(line)
    } else if (open === undefined) {
      const [language = '', ...rest] = (fence[1] ?? '').split(' ')
      open = { language, isRun: rest.includes('run'), line: index + 1, lines: [] }
    } else {
      const { language, isRun, lines } = open
      blocks.push({ place: `${name}:${open.line}`, language, isRun, text: lines.join('\n') })
      open = undefined
    }
  }
  return blocks
}

/** Of a block whose commands stand behind `$ `. */
export function consoleCommands(text: string): readonly ConsoleCommand[] {
  const commands: { command: string; shown: string[] }[] = []
  for (const line of text.split('\n')) {
    if (line.startsWith('$ ')) commands.push({ command: line.slice(2), shown: [] })
    else commands.at(-1)?.shown.push(line)
  }
  return commands
}

/** The shown lines that an output lacks. Numbers are those of another day; `...` is anything. */
export function missingLines(shown: readonly string[], output: string): readonly string[] {
  const lines = output.split('\n').map(comparable)
  return shown.filter((line) => {
    if (/^\s*(\.\.\.)?$/.test(line)) return false
    const parts = comparable(line).split('...').map(escaped)
    return !lines.some((one) => new RegExp(`^${parts.join('.*')}$`).test(one))
  })
}

function comparable(line: string): string {
  return line
    .trim()
    .replace(/\d+(\.\d+)*/g, '0')
    .replace(/\s+/g, ' ')
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

/** The flags of `pprofd goroutine`: those of panicparse's `pp`, and what they mean together. */
import { InputError } from '../errors.ts'
import type { PathForm } from '../snapshot/bucket-text.ts'
import { type GoroutineFormat, goroutineFormats } from '../snapshot/goroutine-formats.ts'
import { defaultSimilarity, type Similarity, similarities } from '../snapshot/similarity.ts'
import type { TerminalOptions } from '../snapshot/terminal-text.ts'
import type { CommonFlags } from './command.ts'
import { openFlag } from './open/open-capture.ts'
import { captureFlags } from './run-capture.ts'
import { sourceMapsFlag } from './target-sources.ts'

export interface GoroutineFlags extends CommonFlags {
  readonly target: string
  readonly seconds?: string | undefined
  readonly similarity?: string | undefined
  readonly aggressive?: boolean | undefined
  readonly filter?: string | undefined
  readonly match?: string | undefined
  readonly fullPath?: boolean | undefined
  readonly relPath?: boolean | undefined
  readonly colour?: string | undefined
  readonly html?: string | undefined
  readonly json?: boolean | undefined
  readonly output?: string | undefined
  readonly promises?: boolean | undefined
  readonly worker?: boolean | undefined
  readonly deep?: boolean | undefined
  readonly sourceMaps?: boolean | undefined
  readonly open?: boolean | undefined
  readonly maxmem?: string | undefined
  readonly force?: boolean | undefined
}

export const goroutineFlags = {
  seconds: {
    alias: 's',
    type: 'string',
    requiresArg: true,
    description:
      'Take two snapshots, so many seconds apart, and show what changed; Ctrl-C ends it early',
  },
  similarity: {
    type: 'string',
    choices: similarities,
    defaultDescription: defaultSimilarity,
    description: 'How alike the entries of a bucket are',
  },
  aggressive: {
    alias: 'a',
    type: 'boolean',
    description: 'The same place is the same work: --similarity anyvalue',
  },
  filter: {
    alias: 'f',
    type: 'string',
    requiresArg: true,
    description: 'Leave out buckets whose header matches this regular expression',
  },
  match: {
    alias: 'm',
    type: 'string',
    requiresArg: true,
    description: 'Show only buckets whose header matches this regular expression',
  },
  'full-path': { type: 'boolean', description: 'Show whole paths instead of file names' },
  'rel-path': { type: 'boolean', description: 'Show paths within packages instead of file names' },
  colour: {
    alias: 'color',
    type: 'string',
    choices: ['on', 'off', 'auto'],
    defaultDescription: 'auto',
    description: 'Colours; auto: where stdout is a terminal',
  },
  html: { type: 'string', requiresArg: true, description: 'Write the page to this file' },
  json: { type: 'boolean', description: 'Print JSON' },
  output: {
    ...captureFlags.output,
    description: 'File to write; its extension, .txt .pb.gz .json .html .md, chooses the format',
  },
  promises: {
    type: 'boolean',
    description: 'Find suspended functions by their promises, which stops the target',
  },
  worker: {
    type: 'boolean',
    conflicts: ['promises', 'deep'],
    description: 'Read the memory by a worker thread that is started in the target',
  },
  deep: {
    type: 'boolean',
    conflicts: 'promises',
    description:
      'Tell why functions wait, out of a heap snapshot: stops the target for long, and takes memory',
  },
  'source-maps': sourceMapsFlag,
  open: openFlag,
  maxmem: {
    type: 'string',
    requiresArg: true,
    defaultDescription: 'goroutine.maxHeapBytes',
    description: "Most bytes of the target's heaps that may be read in a pass",
  },
  force: {
    ...captureFlags.force,
    description: 'Go on although the pause or the memory that it takes is estimated too large',
  },
} as const

/** What is written, and where. */
export interface GoroutineOutput {
  readonly similarity: Similarity
  /** Undefined: the terminal's form, or JSON, goes to stdout. */
  readonly files: readonly { readonly file: string; readonly format: GoroutineFormat }[]
  readonly json: boolean
  readonly terminal: TerminalOptions
}

/** @throws {InputError} where the flags contradict each other. */
export function readOutput(flags: GoroutineFlags): GoroutineOutput {
  if (flags.fullPath && flags.relPath) {
    throw new InputError('parameter-invalid', 'give --full-path or --rel-path, not both')
  }
  const { output, html, json = false } = flags
  const files = [
    ...(output === undefined ? [] : [{ file: output, format: formatOf(output) }]),
    ...(html === undefined ? [] : [{ file: html, format: 'html' as const }]),
  ]
  const hasSimilarity = similarities.find((each) => each === flags.similarity)
  return {
    similarity: flags.aggressive ? 'anyvalue' : (hasSimilarity ?? defaultSimilarity),
    files,
    json,
    terminal: {
      isColoured: isColoured(flags.colour ?? 'auto'),
      paths: pathsOf(flags),
      filter: pattern('--filter', flags.filter),
      match: pattern('--match', flags.match),
    },
  }
}

const formats: readonly GoroutineFormat[] = ['text', 'pprof', 'json', 'html', 'markdown']

/** `-` has no extension: the text that `pprofd goroutine -` reads again. */
function formatOf(file: string): GoroutineFormat {
  if (file === '-') return 'text'
  const lower = file.toLowerCase()
  const format = formats.find((name) =>
    goroutineFormats[name].extensions.some((extension) => lower.endsWith(extension)),
  )
  if (format !== undefined) return format
  const known = formats.map((name) => goroutineFormats[name].extensions[0]).join(', ')
  const message = `-o ${file}: the extension names no format; use one of ${known}`
  throw new InputError('parameter-invalid', message)
}

function pathsOf({ fullPath, relPath }: GoroutineFlags): PathForm {
  if (fullPath) return 'full'
  return relPath ? 'relative' : 'base'
}

/** https://no-color.org */
function isColoured(wanted: string): boolean {
  if (wanted !== 'auto') return wanted === 'on'
  return process.stdout.isTTY === true && process.env.TERM !== 'dumb' && !process.env.NO_COLOR
}

function pattern(flag: string, text: string | undefined): RegExp | undefined {
  if (text === undefined) return undefined
  try {
    return new RegExp(text)
  } catch (cause) {
    const message = `${flag} ${text} is no regular expression`
    throw new InputError('parameter-invalid', message, { cause })
  }
}

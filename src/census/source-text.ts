/**
 * The source of a script, read where the target has it, and only if it is still the one that runs: its
 * length must be that of the source in memory. The text in memory itself is not read.
 */
import { constants, open } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { RawFunction } from './function-names.ts'

export interface SourceText {
  readonly text: string
  /** What Node put before the text when it compiled it, in UTF-16 units. */
  readonly shift: number
}

/** Gives the source of a function's script; undefined where it is not to be had. */
export type ReadSource = (fn: RawFunction) => Promise<SourceText | undefined>

/** Bundles of servers have up to 10 MB; acorn takes a second for that. */
const maxSourceBytes = 20 * 1024 * 1024
/** `require('module').wrapper`, used where somebody has replaced a part of the loader. */
const wrapper = ['(function (exports, require, module, __filename, __dirname) { ', '\n});'] as const

/** Reads from the target's own root folder, which in a container is not ours. */
export function sourceReader(pid: number, procRoot: string): ReadSource {
  return async ({ url, sourceLength }) => {
    const path = pathOf(url)
    if (path === undefined) return undefined
    const text = await readText(`${procRoot}/${pid}/root${path}`)
    return text === undefined ? undefined : matching(text, url, sourceLength)
  }
}

function pathOf(url: string): string | undefined {
  if (url.startsWith('/')) return url
  if (!url.startsWith('file:///')) return undefined
  try {
    const { pathname } = new URL(url)
    return fileURLToPath(`file://${pathname}`)
  } catch {
    return undefined
  }
}

async function readText(path: string): Promise<string | undefined> {
  // A path may lead to a pipe or a device, which must not hold us up: a plain file only.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => undefined)
  if (file === undefined) return undefined
  try {
    const stat = await file.stat()
    if (!stat.isFile() || stat.size > maxSourceBytes) return undefined
    const text = await file.readFile('utf8')
    return text.startsWith('\ufeff') ? text.slice(1) : text
  } catch {
    return undefined
  } finally {
    await file.close()
  }
}

function matching(text: string, url: string, sourceLength: number): SourceText | undefined {
  const [before, after] = wrapper
  if (sourceLength < 0 || sourceLength === text.length) return { text, shift: 0 }
  if (sourceLength === text.length + before.length + after.length) {
    return { text, shift: before.length }
  }
  // Types are taken off by blanks, and the name of the file is added.
  const suffixes = [`\n\n//# sourceURL=${url}`, `\n\n//# sourceURL=${pathOf(url)}`]
  const isTypeScript = /\.[cm]?ts$/.test(url)
  const isStripped = suffixes.some((suffix) => sourceLength === text.length + suffix.length)
  return isTypeScript && isStripped ? { text, shift: 0 } : undefined
}

/**
 * The version of Node that a process runs, told from outside: official builds hold the URL of their
 * source. Distributions' builds do not, and `--version` would run what is no program of ours.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { fileKey } from './executable.ts'

/** By file: looking through 100 MB takes some 100 ms. */
const known = new Map<string, Promise<string | undefined>>()
const maxKnown = 1000

/** Undefined where the executable does not tell, or may not be read. */
export async function readNodeVersion(
  pid: number,
  procRoot = '/proc',
): Promise<string | undefined> {
  // Opened through /proc, so that a deleted or containerised file is the one that runs.
  const file = await open(`${procRoot}/${pid}/exe`, 'r').catch(() => undefined)
  if (file === undefined) return undefined
  try {
    const key = fileKey(await file.stat())
    return await (known.get(key) ?? remember(key, findVersion(file)))
  } catch {
    // Gone meanwhile, or a failing disk.
    return undefined
  } finally {
    await file.close()
  }
}

function remember(key: string, version: Promise<string | undefined>): Promise<string | undefined> {
  if (known.size >= maxKnown) known.clear()
  known.set(key, version)
  // A disk that failed may do so no more.
  version.catch(() => known.delete(key))
  return version
}

const mark = Buffer.from('/download/release/v')
const chunkBytes = 4 * 1024 * 1024
/** Node 26 has 150 MB; a hostile file must not cost more than a few times that. */
const maxBytes = 512 * 1024 * 1024

async function findVersion(file: FileHandle): Promise<string | undefined> {
  const buffer = Buffer.allocUnsafe(chunkBytes)
  // What is cut by the end of one chunk is whole in the next.
  const overlap = mark.length + 32
  for (let at = 0; at < maxBytes; at += chunkBytes - overlap) {
    const { bytesRead } = await file.read(buffer, 0, chunkBytes, at)
    const found = versionIn(buffer.subarray(0, bytesRead))
    if (found !== undefined || bytesRead < chunkBytes) return found
  }
  return undefined
}

function versionIn(bytes: Buffer): string | undefined {
  for (let at = bytes.indexOf(mark); at !== -1; at = bytes.indexOf(mark, at + 1)) {
    const from = at + mark.length
    const text = bytes.toString('latin1', from, from + 32)
    const version = /^\d{1,3}\.\d{1,3}\.\d{1,3}(?=\/node-v)/.exec(text)?.[0]
    if (version !== undefined) return `v${version}`
  }
  return undefined
}

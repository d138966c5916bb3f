/**
 * Erases the types of a module and leaves blanks in their place, so that every line and column stays
 * where it is: no source maps, and coverage is of the files as they are written. What was erased once
 * is kept on disk by the hash of its text: hundreds of test files, and every worker thread that pprofd
 * starts in them, import the same sources. https://nodejs.org/api/module.html#customization-hooks
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)
const folder = fileURLToPath(new URL('../../node_modules/.cache/strip-types/', import.meta.url))

export function load(url, context, nextLoad) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return nextLoad(url, context)
  const written = readFileSync(fileURLToPath(url), 'utf8')
  return { format: 'module', source: strip(written), shortCircuit: true }
}

function strip(written) {
  const path = join(folder, `${createHash('sha256').update(written).digest('hex')}.js`)
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // Loading it takes longer than all else here, so only where it is needed.
    const { code } = require('amaro').transformSync(written, { mode: 'strip-only' })
    keep(path, code)
    return code
  }
}

/** Written aside and renamed: test processes run side by side. Another user's may not write here. */
function keep(path, code) {
  try {
    mkdirSync(folder, { recursive: true })
    writeFileSync(`${path}.${process.pid}`, code)
    renameSync(`${path}.${process.pid}`, path)
  } catch (error) {
    if (!['EACCES', 'EROFS'].includes(error.code)) throw error
  }
}

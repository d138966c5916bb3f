/** Reads a saved `debug=2` text: a file, or stdin, with whatever else is in it. */
import { createReadStream } from 'node:fs'
import { InputError } from '../errors.ts'
import type { GoroutineRecording } from '../snapshot/entry.ts'
import { GoroutineParser } from '../snapshot/parse-goroutines.ts'

/** A pid or a name has none of these. */
export function isDump(target: string): boolean {
  return target === '-' || target.includes('/') || target.endsWith('.txt')
}

/** More are the same mistake again. */
const maxWarnings = 10

/** One for each dump in the text. What could not be read of them is told on stderr. */
export async function readDump(file: string): Promise<readonly GoroutineRecording[]> {
  let junkLines = 0
  const parser = new GoroutineParser({ onJunk: () => junkLines++ })
  const stream = file === '-' ? process.stdin : createReadStream(file)
  stream.setEncoding('utf8')
  try {
    for await (const chunk of stream) parser.push(String(chunk))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new InputError('parameter-invalid', `cannot read ${file}: ${reason}`, { cause })
  }
  const { recordings, errors } = parser.end()
  const rest = errors.length - maxWarnings
  const warnings = errors.slice(0, maxWarnings).map((error) => `warning: ${error}\n`)
  if (rest > 0) warnings.push(`warning: ${rest} more errors like these\n`)
  if (junkLines > 0) warnings.push(`${junkLines} lines are no part of a dump\n`)
  process.stderr.write(warnings.join(''))
  if (recordings.length > 0) return recordings
  throw new InputError(
    'parameter-invalid',
    `${file === '-' ? 'the input' : file} holds no goroutine dump`,
    { tryNext: 'pprofd goroutine TARGET -o goroutines.txt' },
  )
}

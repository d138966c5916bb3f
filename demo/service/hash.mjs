import { pbkdf2Sync } from 'node:crypto'

// Synchronous, as it should not be: it keeps the event loop for some milliseconds.
const iterations = 4_000

export function hashPassword(text) {
  return pbkdf2Sync(text, 'demo', iterations, 32, 'sha256').toString('hex')
}

/** The one thing pprofd needs of an ELF file (elf(5)): the names of its dynamic symbols. */
import type { FileHandle } from 'node:fs/promises'

/** Node 22's table has 8 MB; a hostile file must not cost more than a few times that. */
const maxStringTableBytes = 64 * 1024 * 1024
const maxSections = 1000
const dynamicSymbolSection = 11

/** The string table of the dynamic symbols; undefined where the file is no 64-bit little-endian ELF or has none. */
export async function dynamicStrings(file: FileHandle): Promise<Buffer | undefined> {
  const header = await readAt(file, 0, 64)
  if (header?.readUInt32BE(0) !== 0x7f454c46 || header[4] !== 2 || header[5] !== 1) return undefined
  const sectionsOffset = Number(header.readBigUInt64LE(40))
  const entryBytes = header.readUInt16LE(58)
  const sectionCount = header.readUInt16LE(60)
  if (entryBytes !== 64 || sectionCount === 0 || sectionCount > maxSections) return undefined
  const sections = await readAt(file, sectionsOffset, sectionCount * entryBytes)
  if (sections === undefined) return undefined
  for (let at = 0; at < sections.length; at += entryBytes) {
    if (sections.readUInt32LE(at + 4) !== dynamicSymbolSection) continue
    // sh_link of the symbol table names its string table.
    const strings = sections.readUInt32LE(at + 40) * entryBytes
    if (strings >= sections.length) return undefined
    const offset = Number(sections.readBigUInt64LE(strings + 24))
    const sizeBytes = Number(sections.readBigUInt64LE(strings + 32))
    return sizeBytes <= maxStringTableBytes ? readAt(file, offset, sizeBytes) : undefined
  }
  return undefined
}

/** Undefined where the file is shorter; a hostile file may name any 64-bit position. */
async function readAt(
  file: FileHandle,
  position: number,
  length: number,
): Promise<Buffer | undefined> {
  if (!Number.isSafeInteger(position)) return undefined
  const buffer = Buffer.allocUnsafe(length)
  const { bytesRead } = await file.read(buffer, 0, length, position)
  return bytesRead === length ? buffer : undefined
}

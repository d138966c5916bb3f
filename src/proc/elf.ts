/** The few things pprofd needs of an ELF file (elf(5)): its sections, and the names of its dynamic symbols. */
import type { FileHandle } from 'node:fs/promises'

export interface Section {
  /** sh_type. */
  readonly type: number
  /** Where it is in memory, before relocation; 0 for what is not loaded. */
  readonly address: number
  /** Where it is in the file. */
  readonly offset: number
  readonly sizeBytes: number
  /** sh_link: of a symbol table, the index of its string table. */
  readonly link: number
}

/** Node 22's table has 8 MB; a hostile file must not cost more than a few times that. */
const maxStringTableBytes = 64 * 1024 * 1024
/** What is read of it at a time: the whole of it would be memory that the daemon keeps. */
const partBytes = 1024 * 1024
const maxSections = 1000
const sectionEntryBytes = 64
const dynamicSymbolSection = 11

/** Undefined where the file is no 64-bit little-endian ELF. */
export async function readSections(file: FileHandle): Promise<readonly Section[] | undefined> {
  const header = await readAt(file, 0, 64)
  if (header?.readUInt32BE(0) !== 0x7f454c46 || header[4] !== 2 || header[5] !== 1) return undefined
  const sectionsOffset = Number(header.readBigUInt64LE(40))
  const entryBytes = header.readUInt16LE(58)
  const count = header.readUInt16LE(60)
  if (entryBytes !== sectionEntryBytes || count === 0 || count > maxSections) return undefined
  const table = await readAt(file, sectionsOffset, count * entryBytes)
  if (table === undefined) return undefined
  return Array.from({ length: count }, (_, index) => {
    const at = index * entryBytes
    return {
      type: table.readUInt32LE(at + 4),
      address: Number(table.readBigUInt64LE(at + 16)),
      offset: Number(table.readBigUInt64LE(at + 24)),
      sizeBytes: Number(table.readBigUInt64LE(at + 32)),
      link: table.readUInt32LE(at + 40),
    }
  })
}

/** Whether `text` stands in the string table of the dynamic symbols; false where there is none. */
export async function hasDynamicString(file: FileHandle, text: Buffer): Promise<boolean> {
  const sections = await readSections(file)
  const symbols = sections?.find(({ type }) => type === dynamicSymbolSection)
  const strings = symbols && sections?.[symbols.link]
  if (strings === undefined || strings.sizeBytes > maxStringTableBytes) return false
  const buffer = Buffer.allocUnsafe(Math.min(strings.sizeBytes, partBytes))
  const end = strings.offset + strings.sizeBytes
  if (!Number.isSafeInteger(end)) return false
  // A part begins with the end of the one before, where the text may have begun.
  for (let at = strings.offset; at + text.length <= end; at += buffer.length - text.length + 1) {
    const length = Math.min(buffer.length, end - at)
    const { bytesRead } = await file.read(buffer, 0, length, at)
    if (bytesRead !== length) return false
    if (buffer.subarray(0, length).includes(text)) return true
  }
  return false
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

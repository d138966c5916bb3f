/**
 * What a Node binary says about its own V8: the `v8dbg_*` integers that V8 puts there for debuggers
 * (tools/gen-postmortem-metadata.py of V8) and the build id. 480 of them survive strip(1), in .dynsym.
 */
import type { FileHandle } from 'node:fs/promises'
import { readSections, type Section } from '../proc/elf.ts'

export interface BuildConstants {
  /** Hexadecimal GNU build id; '' where the binary has none. */
  readonly buildId: string
  /** Names without the `v8dbg_`. */
  readonly values: ReadonlyMap<string, number>
}

const symbolTable = 2
const note = 7
const dynamicSymbols = 11
const withoutBytes = 8
const symbolBytes = 24
/** Node 22's two symbol tables have 15 MB, their strings 30 MB; a hostile file must not cost much more. */
const maxTableBytes = 128 * 1024 * 1024
const prefix = 'v8dbg_'

/** Empty where the file is no 64-bit little-endian ELF, or carries none. */
export async function readBuildConstants(file: FileHandle): Promise<BuildConstants> {
  const sections = (await readSections(file)) ?? []
  const values = new Map<string, number>()
  for (const section of sections) {
    if (section.type !== symbolTable && section.type !== dynamicSymbols) continue
    await addSymbols(file, sections, section, values)
  }
  return { buildId: await buildIdOf(file, sections), values }
}

/** Hexadecimal; '' where the file has none. */
export async function readBuildId(file: FileHandle): Promise<string> {
  return buildIdOf(file, (await readSections(file)) ?? [])
}

async function addSymbols(
  file: FileHandle,
  sections: readonly Section[],
  table: Section,
  values: Map<string, number>,
): Promise<void> {
  const stringTable = sections[table.link]
  if (stringTable === undefined) return
  const strings = await readBytes(file, stringTable.offset, stringTable.sizeBytes)
  const symbols = await readBytes(file, table.offset, table.sizeBytes)
  if (strings === undefined || symbols === undefined) return
  const places = new Map<Section, [string, number][]>()
  for (let at = 0; at + symbolBytes <= symbols.length; at += symbolBytes) {
    const start = symbols.readUInt32LE(at)
    if (start === 0 || !strings.subarray(start, start + prefix.length).equals(prefixBytes)) continue
    const name = strings.toString('latin1', start + prefix.length, strings.indexOf(0, start))
    const address = Number(symbols.readBigUInt64LE(at + 8))
    const section = sections.find(
      ({ type, address: begin, sizeBytes }) =>
        begin !== 0 && type !== withoutBytes && address >= begin && address < begin + sizeBytes,
    )
    if (section === undefined || values.has(name)) continue
    const list = places.get(section) ?? []
    list.push([name, section.offset + address - section.address])
    places.set(section, list)
  }
  for (const list of places.values()) await addValues(file, list, values)
}

/** They lie next to each other: one read each would be 1,000 reads. */
async function addValues(
  file: FileHandle,
  places: [string, number][],
  values: Map<string, number>,
): Promise<void> {
  const offsets = places.map(([, offset]) => offset)
  const first = offsets.reduce((a, b) => Math.min(a, b), Number.MAX_SAFE_INTEGER)
  const last = offsets.reduce((a, b) => Math.max(a, b), 0)
  const bytes = await readBytes(file, first, last - first + 4)
  if (bytes === undefined) return
  for (const [name, offset] of places) values.set(name, bytes.readInt32LE(offset - first))
}

/** The note of type 3 by `GNU` (elf(5)). */
async function buildIdOf(file: FileHandle, sections: readonly Section[]): Promise<string> {
  for (const section of sections) {
    if (section.type !== note || section.sizeBytes < 20 || section.sizeBytes > 1000) continue
    const bytes = await readBytes(file, section.offset, section.sizeBytes)
    if (bytes?.readUInt32LE(8) !== 3 || bytes.toString('latin1', 12, 15) !== 'GNU') continue
    return bytes.subarray(16, 16 + bytes.readUInt32LE(4)).toString('hex')
  }
  return ''
}

const prefixBytes = Buffer.from(prefix)

async function readBytes(
  file: FileHandle,
  position: number,
  length: number,
): Promise<Buffer | undefined> {
  if (!Number.isSafeInteger(position) || length > maxTableBytes) return undefined
  const buffer = Buffer.allocUnsafe(length)
  const { bytesRead } = await file.read(buffer, 0, length, position)
  return bytesRead === length ? buffer : undefined
}

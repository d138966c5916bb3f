import { writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { hasDynamicString } from '../../src/proc/elf.ts'
import { temporaryFolder } from './temporary-folder.ts'

interface ElfParts {
  readonly sectionsOffset?: bigint
  readonly sectionCount?: number
  readonly entryBytes?: number
  readonly sectionType?: number
  readonly linkedSection?: number
  readonly stringsOffset?: bigint
  readonly stringsBytes?: bigint
}

const headerBytes = 64
const sectionBytes = 64
const text = Buffer.from('_ZN4node5StartEiPPc\0')
const short = Buffer.concat([Buffer.alloc(1), text])

/** Header, a section of dynamic symbols, the section of its strings, the strings. */
function elf(parts: ElfParts = {}, strings: Buffer = short): Buffer {
  const stringsAt = headerBytes + 2 * sectionBytes
  const file = Buffer.alloc(stringsAt + strings.length)
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1])
  file.writeBigUInt64LE(parts.sectionsOffset ?? BigInt(headerBytes), 40)
  file.writeUInt16LE(parts.entryBytes ?? sectionBytes, 58)
  file.writeUInt16LE(parts.sectionCount ?? 2, 60)
  file.writeUInt32LE(parts.sectionType ?? 11, headerBytes + 4)
  file.writeUInt32LE(parts.linkedSection ?? 1, headerBytes + 40)
  file.writeBigUInt64LE(parts.stringsOffset ?? BigInt(stringsAt), headerBytes + sectionBytes + 24)
  file.writeBigUInt64LE(
    parts.stringsBytes ?? BigInt(strings.length),
    headerBytes + sectionBytes + 32,
  )
  file.set(strings, stringsAt)
  return file
}

async function isFound(t: Test, bytes: Uint8Array): Promise<boolean> {
  const path = join(temporaryFolder(t), 'file')
  writeFileSync(path, bytes)
  const file = await open(path)
  try {
    return await hasDynamicString(file, text)
  } finally {
    await file.close()
  }
}

t.test('finds a string of the dynamic symbols', async (t) => {
  t.equal(await isFound(t, elf()), true)
  t.equal(await isFound(t, elf({}, text)), true, 'alone')
  t.equal(await isFound(t, elf({}, Buffer.from('\0_ZN4node4StopEv\0'))), false)
})

t.test('finds it wherever the parts end in which a large table is read', async (t) => {
  for (const before of [
    2 ** 20 - text.length,
    2 ** 20 - 1,
    2 ** 20 - 5,
    2 ** 20,
    3 * 2 ** 20 + 7,
  ]) {
    const strings = Buffer.concat([Buffer.alloc(before), text, Buffer.alloc(100)])
    t.equal(await isFound(t, elf({}, strings)), true, String(before))
    strings.fill(0, before, before + 1)
    t.equal(await isFound(t, elf({}, strings)), false, `${before}, without its beginning`)
  }
})

const huge = 2n ** 64n - 1n

const unusable: Readonly<Record<string, Uint8Array>> = {
  'an empty file': Buffer.alloc(0),
  'a script': Buffer.from(`#!/bin/sh\n${'#'.repeat(100)}`),
  'a header only': elf().subarray(0, 64),
  'half a header': elf().subarray(0, 30),
  'a section table cut short': elf().subarray(0, 100),
  'strings cut short': elf().subarray(0, -1),
  '32 bit': elf().fill(1, 4, 5),
  'big-endian': elf().fill(2, 5, 6),
  'no sections': elf({ sectionCount: 0 }),
  'more sections than any compiler makes': elf({ sectionCount: 65_535 }),
  'sections of another size': elf({ entryBytes: 40 }),
  'no dynamic symbols': elf({ sectionType: 2 }),
  'a link to no section': elf({ linkedSection: 2 }),
  'a link far out': elf({ linkedSection: 0xffff_ffff }),
  'sections beyond every file': elf({ sectionsOffset: huge }),
  'strings beyond every file': elf({ stringsOffset: huge }),
  'strings past the end': elf({ stringsOffset: 2n ** 40n }),
  'strings larger than any table': elf({ stringsBytes: 65n * 1024n * 1024n }),
  'a size beyond every memory': elf({ stringsBytes: huge }),
}

for (const [title, bytes] of Object.entries(unusable)) {
  t.test(`finds none in ${title}`, async (t) => {
    t.equal(await isFound(t, bytes), false)
  })
}

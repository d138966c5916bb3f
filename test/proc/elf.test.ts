import { writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { dynamicStrings } from '../../src/proc/elf.ts'
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
const strings = Buffer.from('\0_ZN4node5StartEiPPc\0')

/** Header, a section of dynamic symbols, the section of its strings, the strings. */
function elf(parts: ElfParts = {}): Buffer {
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

async function stringsOf(t: Test, bytes: Uint8Array): Promise<Buffer | undefined> {
  const path = join(temporaryFolder(t), 'file')
  writeFileSync(path, bytes)
  const file = await open(path)
  try {
    return await dynamicStrings(file)
  } finally {
    await file.close()
  }
}

t.test('finds the strings of the dynamic symbols', async (t) => {
  t.strictSame(await stringsOf(t, elf()), strings)
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
  t.test(`is undefined for ${title}`, async (t) => {
    t.equal(await stringsOf(t, bytes), undefined)
  })
}

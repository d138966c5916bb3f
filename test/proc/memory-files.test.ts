import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readHostMemory } from '../../src/proc/host-memory.ts'
import { readResidentMemory } from '../../src/proc/resident-memory.ts'
import { fakeProc } from './fake-proc.ts'

t.test('the resident sets of a process', async (t) => {
  const status = [
    'Name:\tnode',
    'VmSize:\t 1000 kB',
    'VmHWM:\t  300 kB',
    'VmRSS:\t  200 kB',
    'RssAnon:\t  120 kB',
    'RssFile:\t   79 kB',
    'RssShmem:\t    1 kB',
    'VmSwap:\t    2 kB',
  ].join('\n')
  const procRoot = fakeProc(t, { 1: { status }, 2: { status: 'Name:\tzombie\nState:\tZ\n' } })
  t.strictSame(await readResidentMemory(1, procRoot), {
    residentBytes: 200 * 1024,
    residentPeakBytes: 300 * 1024,
    anonymousBytes: 120 * 1024,
    fileBytes: 79 * 1024,
    sharedBytes: 1024,
    swappedBytes: 2048,
    virtualBytes: 1000 * 1024,
  })
  t.equal(await readResidentMemory(2, procRoot), undefined, 'a zombie has none')
  t.equal(await readResidentMemory(3, procRoot), undefined, 'nor has nobody')
})

t.test('what the machine has', async (t) => {
  const procRoot = fakeProc(t, {})
  t.equal(await readHostMemory(procRoot), undefined)
  writeFileSync(
    join(procRoot, 'meminfo'),
    'MemTotal:  100 kB\nMemFree: 1 kB\nMemAvailable: 50 kB\n',
  )
  t.strictSame(await readHostMemory(procRoot), { totalBytes: 102_400, availableBytes: 51_200 })
  writeFileSync(join(procRoot, 'meminfo'), 'MemTotal:  100 kB\nMemFree: 1 kB\n')
  t.equal(await readHostMemory(procRoot), undefined, 'kernels before 3.14 do not tell')
})

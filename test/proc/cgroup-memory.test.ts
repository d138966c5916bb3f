import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { readCgroupMemory } from '../../src/proc/cgroup-memory.ts'
import { fakeProc } from './fake-proc.ts'
import { temporaryFolder } from './temporary-folder.ts'

const mb = 1_000_000

t.test('version 2: the group without limits of its own has those around it', async (t) => {
  const procRoot = host(t, {
    cgroup: '0::/shop.slice/api.service\n',
    mount: (folder) => `30 24 0:27 / ${folder} rw - cgroup2 cgroup2 rw,nsdelegate`,
    files: {
      'shop.slice/memory.current': 700 * mb,
      'shop.slice/memory.max': 1000 * mb,
      'shop.slice/memory.high': 'max',
      'shop.slice/memory.stat': `anon ${600 * mb}\ninactive_file ${50 * mb}\n`,
      'shop.slice/api.service/memory.current': 200 * mb,
      'shop.slice/api.service/memory.max': 'max',
      'shop.slice/api.service/memory.high': 'max',
      'shop.slice/api.service/memory.stat': 'anon 0\n',
    },
  })
  t.strictSame(await readCgroupMemory(1, procRoot), {
    version: 2,
    path: '/shop.slice/api.service',
    limitBytes: 1000 * mb,
    usedBytes: 700 * mb,
    reclaimableBytes: 50 * mb,
    headroomBytes: 350 * mb,
  })
})

t.test('version 2: the tightest of nested limits counts, and high is one', async (t) => {
  const procRoot = host(t, {
    cgroup: '12:pids:/other\n0::/pod/app\n',
    mount: (folder) => `30 24 0:27 /pod ${folder} rw shared:4 - cgroup2 cgroup rw`,
    files: {
      'memory.current': 300 * mb,
      'memory.max': 900 * mb,
      'app/memory.current': 100 * mb,
      'app/memory.max': 800 * mb,
      'app/memory.high': 90 * mb,
    },
  })
  t.match(await readCgroupMemory(1, procRoot), {
    path: '/pod/app',
    limitBytes: 90 * mb,
    usedBytes: 100 * mb,
    headroomBytes: 0,
  })
})

t.test('version 1: its own limit, its group mounted below another name', async (t) => {
  const procRoot = host(t, {
    cgroup: '9:name=systemd:/x\n4:cpuset,memory:/docker/abc\n0::/\n',
    mount: (folder) => `35 31 0:32 /docker ${folder} rw - cgroup cgroup rw,cpuset,memory`,
    files: {
      'memory.usage_in_bytes': 500 * mb,
      'memory.limit_in_bytes': '9223372036854771712',
      'abc/memory.usage_in_bytes': 400 * mb,
      'abc/memory.limit_in_bytes': 512 * mb,
      'abc/memory.stat': `inactive_file 1\ntotal_inactive_file ${100 * mb}\n`,
    },
  })
  t.strictSame(await readCgroupMemory(1, procRoot), {
    version: 1,
    path: '/docker/abc',
    limitBytes: 512 * mb,
    usedBytes: 400 * mb,
    reclaimableBytes: 100 * mb,
    headroomBytes: 212 * mb,
  })
})

t.test('where nothing is limited there is no headroom to tell', async (t) => {
  const procRoot = host(t, {
    cgroup: '0::/app\n',
    mount: (folder) => `30 24 0:27 / ${folder} rw - cgroup2 cgroup2 rw`,
    files: { 'app/memory.current': 5 * mb, 'app/memory.max': 'max' },
  })
  t.match(await readCgroupMemory(1, procRoot), {
    limitBytes: undefined,
    usedBytes: 5 * mb,
    headroomBytes: undefined,
  })
})

for (const [what, cgroup, mountRoot] of [
  ["a group outside of pprofd's cgroup namespace", '0::/../../other\n', '/'],
  ['a group outside of what is mounted', '0::/other\n', '/pod'],
  ['a root group, which has no figures', '0::/\n', '/'],
  ['a kernel without control groups', '', '/'],
  ['a file of another form', 'nonsense\n', '/'],
] as const) {
  t.test(`${what} is unknown`, async (t) => {
    const mount = (folder: string) => `30 24 0:27 ${mountRoot} ${folder} rw - cgroup2 cgroup2 rw`
    const procRoot = host(t, { cgroup, mount, files: {} })
    t.equal(await readCgroupMemory(1, procRoot), undefined)
  })
}

t.test('no mounts in sight, or no process: unknown', async (t) => {
  const procRoot = fakeProc(t, { 1: { cgroup: '0::/a\n' } })
  t.equal(await readCgroupMemory(1, procRoot), undefined)
  t.equal(await readCgroupMemory(2, procRoot), undefined)
})

interface Host {
  readonly cgroup: string
  readonly mount: (folder: string) => string
  readonly files: Readonly<Record<string, string | number>>
}

function host(t: Test, { cgroup, mount, files }: Host): string {
  const folder = join(temporaryFolder(t), 'a blank')
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), `${text}\n`)
  }
  const others = '22 1 8:1 / / rw - ext4 /dev/sda1 rw\nshort line\n'
  const mountinfo = `${others}${mount(folder.replaceAll(' ', '\\040'))}\n`
  return fakeProc(t, { 1: { cgroup }, self: { mountinfo } })
}

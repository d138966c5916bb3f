import { pbkdf2 } from 'node:crypto'
import { copyFileSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import t from 'tap'
import { discoverTargets } from '../../src/targets/discovery.ts'
import { fakeProc } from '../proc/fake-proc.ts'
import { temporaryFolder } from '../proc/temporary-folder.ts'

const derive = promisify(pbkdf2)

t.test('a process that ends meanwhile hides no other one of the same Node', async (t) => {
  const node = join(temporaryFolder(t), 'node')
  copyFileSync(process.execPath, node)
  const like = (pid: number) => ({
    exe: { link: node },
    'ns/mnt': { link: 'mnt:[1]' },
    cwd: { link: '/' },
    stat: readFileSync('/proc/self/stat', 'utf8').replace(/^\d+/, String(pid)),
    status: readFileSync('/proc/self/status', 'utf8'),
    cmdline: 'node\0program.js\0',
    environ: '',
    cgroup: '',
  })
  const pids = [11, 12, 13]
  const root = fakeProc(t, Object.fromEntries(pids.map((pid) => [pid, like(pid)])))
  const looking = discoverTargets(root)
  // Node's pool of threads has the first link before these, and comes to open the file after them.
  await delay(1)
  const busy = Array.from({ length: 12 }, () => derive('', '', 50_000, 64, 'sha512'))
  await delay(5)
  rmSync(join(root, '11'), { recursive: true })
  t.strictSame(
    (await looking).map(({ pid }) => pid),
    [12, 13],
  )
  await Promise.all(busy)
})

// A worker thread in a target reads for a user whom the kernel refuses, and does not outlive whoever asked.
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { checkout, withTypes } from '../fixtures/support/checkout.ts'
import { runCommand } from '../fixtures/support/run-command.ts'
import { spawnProcess, spawnTarget } from '../fixtures/support/spawn-target.ts'
import { until } from '../targets/new-targets.ts'

t.setTimeout(120_000)

const nodeArguments = ['--inspect-port=0']
const isRoot = process.geteuid?.() === 0
const nobody = 65_534

t.test('a pprofd that is killed leaves a target that may exit', async (t) => {
  const spawned = await spawnTarget(t, 'exits-on-request.cjs', { nodeArguments })
  const threads = () => readdir(`/proc/${spawned.pid}/task`)
  const reader = spawnProcess(t, process.execPath, [...withTypes, '-e', holding(spawned.pid)], {})
  const tid = (await reader.stdout.waitFor(/^\d+$/, 20_000)).trim()
  t.ok((await threads()).includes(tid))
  reader.child.kill('SIGKILL')
  t.ok(await until(async () => !(await threads()).includes(tid)), 'the thread has ended')
  t.ok(spawned.isAlive())
  spawned.send('exit 4')
  t.equal((await spawned.waitForExit()).code, 4)
})

/** Starts the thread, says its id and waits. */
function holding(pid: number): string {
  const from = (path: string) => JSON.stringify(join(checkout, 'src', path))
  return `(async () => {
    const { withMemoryReader } = await import(${from('captures/memory-reader.ts')})
    const { Targets } = await import(${from('targets/targets.ts')})
    const options = { configured: [], discover: true, commandTimeoutMs: 5000, maxMessageBytes: 1e6 }
    const targets = new Targets(options)
    const attachment = await targets.attach(await targets.resolve('${pid}'))
    const { signal } = new AbortController()
    await withMemoryReader(targets, attachment, signal, ({ threadId }) => {
      console.log(threadId)
      return new Promise(() => setInterval(() => {}, 1e6))
    })
  })()`
}

t.test(
  'the same user, whom the kernel refuses the memory, is told of it and gets it',
  async (t) => {
    if (!isRoot) return void t.comment('only root can become another user')
    const target = await spawnAsNobody(t)
    const refused = await asRefused(t, target, [])
    if (/unshare|mount/.test(refused.stderr)) return void t.comment(refused.stderr)
    t.match(
      refused.stdout,
      /^# note: no census: the memory of process \d+ may not be read \(EACCES\)/m,
    )
    t.match(refused.stdout, /worker=1/)
    const { stdout, stderr } = await asRefused(t, target, ['--worker'])
    t.match(stdout, /^# suspended functions: all, counted in the process's memory$/m, stderr)
    t.match(stdout, /^# note: its memory was read by a worker thread in it/m)
    t.match(stdout, /await-module\.mjs:6 +async inArrow/)
  },
)

async function spawnAsNobody(t: Test): Promise<number> {
  const program = join(checkout, 'test/fixtures/targets/await-module.mjs')
  const user = [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups']
  const node = ['env', '-i', process.execPath, ...nodeArguments, program]
  const spawned = spawnProcess(t, 'setpriv', [...user, ...node], {})
  await spawned.stdout.waitFor(/./, 20_000)
  return spawned.pid
}

/** As Yama does: the files that take the right to trace are shut, the others are not. */
async function asRefused(t: Test, pid: number, args: readonly string[]) {
  const home = mkdtempSync(join(tmpdir(), 'home-of-nobody-'))
  t.teardown(() => rmSync(home, { recursive: true, force: true }))
  chownSync(home, nobody, nobody)
  const shut = join(home, 'shut')
  writeFileSync(shut, '', { mode: 0 })
  const script = `for file in /proc/${pid}/mem /proc/${pid}/task/*/mem /proc/${pid}/task/*/syscall
    do mount --bind "$1" $file || exit 1; done; shift
    exec setpriv --reuid=${nobody} --regid=${nobody} --clear-groups "$@"`
  const command = [process.execPath, join(checkout, 'dist/main.js'), 'goroutine', String(pid)]
  const shell = ['-m', 'sh', '-c', script, 'sh', shut, 'env', '-i', `HOME=${home}`]
  const { stdout, stderr } = await runCommand('unshare', [...shell, ...command, ...args])
  return { stdout: stdout.toString(), stderr: String(stderr) }
}

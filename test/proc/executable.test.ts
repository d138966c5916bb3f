import { pbkdf2 } from 'node:crypto'
import { copyFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import t from 'tap'
import { readExecutable } from '../../src/proc/executable.ts'
import { nodeBinary, nodeMajors } from '../fixtures/support/node-binaries.ts'
import { spawnProcess, spawnSleepNamedNode } from '../fixtures/support/spawn-target.ts'
import { fakeProc } from './fake-proc.ts'
import { asNobody, needsRoot } from './other-user.ts'
import { temporaryFolder } from './temporary-folder.ts'

const derive = promisify(pbkdf2)

t.test('the own process is Node', async (t) => {
  t.match(await readExecutable(process.pid), { runtime: 'node', path: process.execPath })
  t.match(await readExecutable(process.pid), { runtime: 'node' }, 'also when asked again')
})

for (const major of nodeMajors) {
  const { path, reason } = await nodeBinary(major)
  t.test(`Node ${major} is Node`, { skip: reason ?? false }, async (t) => {
    const root = fakeProc(t, { 1: { exe: { link: path ?? '' } } })
    t.strictSame(await readExecutable(1, root), { path, runtime: 'node' })
  })
}

t.test('a copy of sleep that is named node is something else', async (t) => {
  const sleep = await spawnSleepNamedNode(t)
  t.match(await readExecutable(sleep.pid), { runtime: 'other', path: /\/node$/ })
})

const names = {
  node: ['node', 'nodejs', 'node20', 'node-22.1', 'node22.1.0', 'node.real', 'node-bin'],
  'node-embedder': ['my-app', 'nodemon', 'node_exporter', 'deno', 'electron', 'node-red'],
}

t.test("Node's code under another name is an embedder", async (t) => {
  for (const [runtime, fileNames] of Object.entries(names)) {
    for (const fileName of fileNames) {
      const path = join(temporaryFolder(t), fileName)
      symlinkSync(process.execPath, path)
      const root = fakeProc(t, { 1: { exe: { link: path } } })
      t.strictSame(await readExecutable(1, root), { path, runtime }, fileName)
    }
  }
})

t.test('a binary that was deleted while it runs is looked into all the same', async (t) => {
  const path = join(temporaryFolder(t), 'node')
  copyFileSync(process.execPath, path)
  const code = 'console.log("up"); setInterval(() => {}, 1000)'
  const { pid, stdout } = spawnProcess(t, path, ['-e', code], {})
  await stdout.waitFor(/^up$/)
  rmSync(path)
  t.strictSame(await readExecutable(pid), { path, runtime: 'node' })
})

t.test('no process, no executable', async (t) => {
  t.equal(await readExecutable(2 ** 22 + 1), undefined)
  t.equal(await readExecutable(1, fakeProc(t, { 1: { stat: '' } })), undefined)
})

t.test('a process that ends between two steps spoils nothing', async (t) => {
  const root = fakeProc(t, { 1: { exe: { link: '/nowhere/node' } } })
  t.strictSame(await readExecutable(1, root), { path: '/nowhere/node', runtime: 'unreadable' })
})

t.test('nor for another one that runs the same file', async (t) => {
  const ended: (string | undefined)[] = []
  for (let round = 0; round < 6; round++) {
    const path = join(temporaryFolder(t), 'program')
    writeFileSync(path, 'no ELF')
    const root = fakeProc(t, { 1: { exe: { link: path } }, 2: { exe: { link: path } } })
    const reading = Promise.all([readExecutable(1, root), readExecutable(2, root)])
    // By then it has asked Node's pool of threads for both links, which comes to open the file after these.
    await new Promise<void>((resolve) => process.nextTick(resolve))
    const busy = Array.from({ length: 12 }, () => derive('', '', 20_000, 64, 'sha512'))
    await delay(5)
    rmSync(join(root, '1', 'exe'))
    const [first, second] = await reading
    t.strictSame(second, { path, runtime: 'other' })
    ended.push(first?.runtime)
    await Promise.all(busy)
  }
  // In the other rounds the second one's link came first, and it looked for both.
  t.ok(ended.includes('unreadable'), ended.join(' '))
})

t.test('an exe that cannot be read as a link is unreadable', async (t) => {
  const root = fakeProc(t, { 1: { exe: 'a plain file' } })
  t.strictSame(await readExecutable(1, root), { path: '', runtime: 'unreadable' })
})

t.test("another user's executable is unreadable", { skip: needsRoot }, async (t) => {
  const { pid } = spawnProcess(t, '/bin/sleep', ['600'], {})
  t.strictSame(await asNobody(() => readExecutable(pid)), { path: '', runtime: 'unreadable' })
})

// Who may read whom, and what is said where nobody may: with real users where the test runs as root.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Census } from '../../src/census/census.ts'
import { readCensus } from '../../src/census/read-census.ts'
import { takeCensus } from '../../src/census/take-census.ts'
import { readSections } from '../../src/proc/elf.ts'
import { checkout, withTypes } from '../fixtures/support/checkout.ts'
import { nodeBinary } from '../fixtures/support/node-binaries.ts'
import { runCommand } from '../fixtures/support/run-command.ts'
import { spawnSleepNamedNode, spawnTarget } from '../fixtures/support/spawn-target.ts'
import { stackText } from './group-text.ts'

const maxBytes = 2 ** 30
const isRoot = process.geteuid?.() === 0
const needsRoot = isRoot ? false : 'only root can become another user'
const program = join(checkout, 'test/fixtures/targets/await-module.mjs')
const nobody = 65_534

t.test('the same user without any privilege may', { skip: needsRoot }, async (t) => {
  const target = await spawnAs(t, nobody)
  const { census } = await censusAs(nobody, target)
  t.ok(census?.groups.map(stackText).includes('inArrow 6:3'))
})

t.test('another user is refused, with the way out', { skip: needsRoot }, async (t) => {
  const target = await spawnAs(t, nobody)
  const { error } = await censusAs(nobody - 1, target)
  t.equal(error?.code, 'census-refused')
  t.match(error?.message, /memory of process \d+ may not be read \(EACCES\)/)
  t.match(error?.tryNext, /CAP_SYS_PTRACE/)
})

t.test('root may read anybody', { skip: needsRoot }, async (t) => {
  const census = await takeCensus({ pid: await spawnAs(t, nobody), maxBytes })
  t.ok(census.groups.map(stackText).includes('inArrow 6:3'))
})

t.test(
  'another build is read from behind a mount namespace with the same files, as systemd makes',
  {
    skip: needsRoot,
  },
  async (t) => {
    const node = await otherBuild(t)
    if (node === undefined) return
    const target = await spawnAs(t, nobody, node)
    const { census } = await censusAs(nobody, target, { under: ['unshare', '--mount'] })
    t.ok(census?.groups.map(stackText).includes('inArrow 6:3'))
  },
)

t.test(
  'another build is not run by a pprofd that has capabilities',
  { skip: needsRoot },
  async (t) => {
    const node = await otherBuild(t)
    if (node === undefined) return
    const target = await spawnAs(t, nobody, node)
    const capabilities = ['--inh-caps=+kill', '--ambient-caps=+kill']
    const { error } = await censusAs(nobody, target, { capabilities })
    t.equal(error?.code, 'census-refused')
    t.match(error?.message, /another build .* and pprofd has capabilities that it must not get/)
  },
)

t.test('a stripped Node is read: its constants are in the dynamic symbols', async (t) => {
  const { path, reason } = await nodeBinary(24)
  if (path === undefined) return void t.comment(reason)
  const node = join(publicFolder(t), 'node')
  const { code } = await runCommand('strip', ['-o', node, path])
  if (code !== 0) return void t.comment('there is no strip(1)')
  const { pid } = await spawnTarget(t, 'await-module.mjs', { node })
  const census = await takeCensus({ pid, maxBytes })
  t.ok(census.groups.map(stackText).includes('inArrow 6:3'))
})

t.test('a Node whose constants are gone or lie is refused rather than guessed', async (t) => {
  for (const [what, damage, message] of [
    ['gone', (name: string) => name.replace('v8dbg_', 'v8xxx_'), /carries no v8dbg_ constants/],
    ['lacking', (name: string) => name.replace('JSPromise', 'JSPromisf'), /lack type_JSPromise/],
    // The type of a map is 24 bits away from where it is said to be.
    ['lying', undefined, /the layout of .* is not known|lack/],
  ] as const) {
    const node = join(publicFolder(t), 'node')
    const { path } = await nodeBinary(24)
    if (path === undefined) return
    await damaged(path, node, damage)
    const { pid } = await spawnTarget(t, 'await-module.mjs', { node })
    const census = readCensus({ ...request, pid }, new Map())
    await t.rejects(census, { code: 'census-refused', message }, what)
  }
})

t.test('what only calls itself Node is refused', async (t) => {
  const { pid } = await spawnSleepNamedNode(t)
  const message = /is no plain Node/
  await t.rejects(takeCensus({ pid, maxBytes }), { code: 'census-refused', message })
})

const request = { procRoot: '/proc', maxBytes, passes: 1, stop: false } as const

/** In the symbols' names, or, without `rename`, in the value of one of them. */
async function damaged(from: string, to: string, rename?: (name: string) => string) {
  copyFileSync(from, to)
  const bytes = readFileSync(to)
  if (rename === undefined) {
    const file = await open(to)
    await lie(bytes, (await readSections(file)) ?? [])
    await file.close()
  } else {
    for (const name of ['v8dbg_', 'JSPromise__']) replaceAll(bytes, name, rename(name))
  }
  writeFileSync(to, bytes)
  chmodSync(to, 0o755)
}

function replaceAll(bytes: Buffer, from: string, to: string) {
  if (from === to) return
  for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at + 1)) bytes.write(to, at)
}

/** Gives the type of promises to that of functions: both are there, and every census would be empty. */
async function lie(bytes: Buffer, sections: NonNullable<Awaited<ReturnType<typeof readSections>>>) {
  const table = sections.find(({ type }) => type === 11)
  const strings = sections[table?.link ?? -1]
  if (table === undefined || strings === undefined) throw new Error('no dynamic symbols')
  for (let at = table.offset; at < table.offset + table.sizeBytes; at += 24) {
    const name = strings.offset + bytes.readUInt32LE(at)
    if (!bytes.toString('latin1', name, name + 60).startsWith('v8dbg_type_JSPromise__')) continue
    const address = Number(bytes.readBigUInt64LE(at + 8))
    const home = sections.find((s) => address >= s.address && address < s.address + s.sizeBytes)
    if (home !== undefined) bytes.writeInt32LE(1, home.offset + address - home.address)
  }
}

/** Where every user may come. */
function publicFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'pprofd-census-'))
  chmodSync(folder, 0o755)
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Undefined, and said, where there is none to be had. */
async function otherBuild(t: Test): Promise<string | undefined> {
  const { path, reason } = await nodeBinary(24)
  if (path === undefined) return void t.comment(reason)
  const node = join(publicFolder(t), 'node')
  copyFileSync(path, node)
  chmodSync(node, 0o755)
  return node
}

async function spawnAs(t: Test, uid: number, node = process.execPath): Promise<number> {
  // env(1) becomes the target, without what tap puts into every child.
  const child = spawn('env', ['-i', node, program], {
    uid,
    gid: uid,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return child.pid ?? -1
}

interface Outcome {
  readonly census?: Census
  readonly error?: { readonly code: string; readonly message: string; readonly tryNext: string }
}

/** Runs the built census as another user. */
async function censusAs(
  uid: number,
  pid: number,
  {
    capabilities = [],
    under = [],
  }: { readonly capabilities?: readonly string[]; readonly under?: readonly string[] } = {},
): Promise<Outcome> {
  const code = `import(${JSON.stringify(join(checkout, 'src/census/take-census.ts'))}).then(
    ({ takeCensus }) => takeCensus({ pid: ${pid}, maxBytes: 2 ** 30 })).then(
    (census) => console.log(JSON.stringify({ census })),
    ({ code, message, tryNext }) => console.log(JSON.stringify({ error: { code, message, tryNext } })))`
  const user = [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups']
  const command = [
    ...under,
    'setpriv',
    ...user,
    ...capabilities,
    process.execPath,
    ...withTypes,
    '-e',
    code,
  ]
  const { stdout, stderr } = await runCommand(command[0] ?? '', command.slice(1))
  if (stdout.length === 0) throw new Error(stderr)
  return JSON.parse(stdout.toString())
}

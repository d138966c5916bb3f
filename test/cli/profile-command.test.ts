// `pprofd profile` as a shell starts it: formats, Ctrl-C, the progress line, what is left behind.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { checkValid } from '../../src/pprof/check-valid.ts'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import { profileUrl, spawnProfilable, until } from '../e2e/profilable.ts'
import { pprofdEntry, pprofdEnvironment, runCli, startDaemon } from '../fixtures/support/daemon.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { runCommand } from '../fixtures/support/run-command.ts'
import { type SpawnedProcess, spawnProcess } from '../fixtures/support/spawn-target.ts'

t.setTimeout(240_000)

const formats: readonly (readonly [file: string, isRight: (bytes: Buffer) => boolean])[] = [
  ['cpu.pb.gz', (bytes) => checkValid(bytes).length === 0],
  ['cpu.pprof', (bytes) => checkValid(bytes).length === 0],
  ['cpu.cpuprofile', (bytes) => JSON.parse(bytes.toString()).nodes.length > 3],
  ['cpu.speedscope.json', (bytes) => JSON.parse(bytes.toString()).shared.frames.length > 3],
  ['cpu.collapsed', (bytes) => /;\S*burnSixty \d+\n/.test(bytes.toString())],
  ['cpu.folded', (bytes) => /;\S*burnSixty \d+\n/.test(bytes.toString())],
  ['cpu.md', (bytes) => /^# .*burnSixty/s.test(bytes.toString())],
]

t.test('the extension chooses the format, and stderr says what was written', async (t) => {
  const target = await spawnProfilable(t, 'busy.cjs')
  const folder = t.testdir()
  for (const [name, isRight] of formats) {
    const file = join(folder, name)
    const { code, stdout, stderr } = await profile(target.pid, '-s', '0.5', '-o', file)
    t.equal(code, 0, stderr)
    t.ok(isRight(readFileSync(file)), name)
    t.equal(statSync(file).mode & 0o777, 0o600, 'only for the user')
    t.equal(stdout.toString(), '')
    t.match(stderr, new RegExp(`^wrote ${file}: busy\\.cjs \\(pid ${target.pid}, Node v`))
    t.match(stderr, /stood still for at most \d+ ms at the start and \d+ ms at the end\n/)
    t.notOk(stderr.includes('\x1b'), 'no drawing where stderr is no terminal')
  }
  t.same(await listeningPorts(target.pid), [])
})

t.test('- writes to stdout, and --format chooses there', async (t) => {
  const target = await spawnProfilable(t, 'busy.cjs')
  const binary = await profile(target.pid, '-s', '0.5', '-o', '-')
  t.same(checkValid(binary.stdout), [])
  t.equal(binary.stderr, '')
  const text = await profile(
    target.pid,
    '-s',
    '0.5',
    '--hz',
    '500',
    '-o',
    '-',
    '--format',
    'collapsed',
  )
  t.match(text.stdout.toString(), /burnSixty \d+\n/)
})

t.test('without -o the file is named after the target', async (t) => {
  const target = await spawnProfilable(t, 'busy.cjs')
  const cwd = t.testdir()
  const args = [pprofdEntry, 'profile', String(target.pid), '-s', '0.2']
  const { code, stderr } = await runCommand(process.execPath, args, { cwd, env: pprofdEnvironment })
  t.equal(code, 0, stderr)
  const name = `cpu-busy.cjs-${target.pid}.pb.gz`
  t.ok(existsSync(join(cwd, name)), stderr)
  t.match(stderr, `try: go tool pprof -http=: ${name}\n`)
})

t.test('the command itself and a name can be profiled', async (t) => {
  const file = join(t.testdir(), 'self.pb.gz')
  const self = await runCli(['profile', 'self', '-s', '0.3', '-o', file])
  t.equal(self.code, 0, self.stderr)
  t.same(checkValid(readFileSync(file)), [])
  await spawnProfilable(t, 'exits-on-request.cjs')
  const named = await runCli(['profile', 'exits-on-request.cjs', '-s', '0.3', '-o', '-'])
  // Other tests' targets may have the name, too.
  t.match(named.stderr, named.code === 0 ? /^$/ : /several processes are called exits-on-request/)
})

t.test('Ctrl-C keeps what was recorded, a second one gives up', async (t) => {
  const target = await spawnProfilable(t, 'busy.cjs')

  await t.test('once', async (t) => {
    const file = join(t.testdir(), 'cpu.pb.gz')
    const command = await startProfile(t, target.pid, file)
    command.child.kill('SIGINT')
    t.match(await command.waitForExit(), { code: 0, signal: null }, command.stderr.text())
    const { durationNanos, comments } = decodeProfile(readFileSync(file))
    t.ok(durationNanos > 0 && durationNanos < 20e9, `${durationNanos} ns`)
    t.match(comments.join('\n'), /duration: 60 s asked, \d/)
  })

  for (const signals of [['SIGINT', 'SIGINT'], ['SIGTERM'], ['SIGHUP']] as const) {
    await t.test(signals.join(' and '), async (t) => {
      const file = join(t.testdir(), 'cpu.pb.gz')
      const command = await startProfile(t, target.pid, file)
      for (const signal of signals) command.child.kill(signal)
      const { code } = await command.waitForExit()
      // Two at once may be delivered as one.
      if (signals.length === 1) t.equal(code, 1, command.stderr.text())
      if (code === 1) {
        t.notOk(existsSync(file))
        t.match(command.stderr.text(), /^error: the capture of \d+ was given up; the target is/m)
      }
      t.same(await listeningPorts(target.pid), [])
    })
  }
  t.ok(target.isAlive())
})

t.test('a target that ends in mid-capture is an error', async (t) => {
  const target = await spawnProfilable(t, 'busy.cjs')
  const file = join(t.testdir(), 'cpu.pb.gz')
  const command = await startProfile(t, target.pid, file)
  target.child.kill('SIGKILL')
  t.match(await command.waitForExit(), { code: 1 })
  t.match(command.stderr.text(), /^error: \d+ ended/m)
  t.notOk(existsSync(file))
})

t.test('a daemon and a command profile one target at the same time', async (t) => {
  const daemon = await startDaemon(t)
  const target = await spawnProfilable(t, 'busy.cjs')
  const [answer, command] = await Promise.all([
    fetch(profileUrl(daemon.url, target, 'seconds=3')),
    profile(target.pid, '-s', '1', '-o', '-'),
  ])
  t.equal(answer.status, 200, await answer.clone().text())
  await answer.arrayBuffer()
  t.equal(command.code, 0, command.stderr)
  const closed = async () => (await listeningPorts(target.pid)).length === 0
  await until('the inspector is closed', closed, 5000)
})

const scriptMissing = (await runCommand('script', ['--version'])).code !== 0
const skip = scriptMissing ? 'script of util-linux is not installed: no terminal was tried' : false

t.test('a terminal shows how far the capture is', { skip }, async (t) => {
  const target = await spawnProfilable(t, 'busy.cjs')
  const file = join(t.testdir(), 'cpu.md')
  const command = `${process.execPath} ${pprofdEntry} profile ${target.pid} -s 1 -o ${file}`
  const env = { ...pprofdEnvironment, TERM: 'xterm' }
  const { code, stdout } = await runCommand('script', ['-qec', command, '/dev/null'], { env })
  t.equal(code, 0)
  const screen = stdout.toString().replaceAll('\x1b[K', '<clear>')
  t.match(screen, /\rbusy\.cjs: attaching <clear>/)
  t.match(screen, /\rbusy\.cjs: recording \[#+\.+\] 0\.\d of 1\.0 s<clear>/)
  t.match(screen, /\r<clear>wrote \S+cpu\.md: /, 'the line is gone at the end')
})

t.test('binary data is not written to a terminal', { skip }, async (t) => {
  const command = `${process.execPath} ${pprofdEntry} profile self -s 1 -o -`
  const { code, stdout } = await runCommand('script', ['-qec', command, '/dev/null'])
  t.equal(code, 2)
  t.match(stdout.toString(), /error: -o - would write binary data to the terminal\r\ntry: pprofd/)
})

function profile(pid: number, ...args: readonly string[]): ReturnType<typeof runCli> {
  return runCli(['profile', String(pid), ...args])
}

/** Resolves when the command records. */
async function startProfile(t: Test, pid: number, file: string): Promise<SpawnedProcess> {
  const args = [pprofdEntry, 'profile', String(pid), '-s', '60', '-o', file]
  const command = spawnProcess(t, process.execPath, args, { env: pprofdEnvironment })
  await until('it attaches', async () => (await listeningPorts(pid)).length === 1, 15_000)
  await new Promise((resolve) => setTimeout(resolve, 700))
  return command
}

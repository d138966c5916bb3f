// `pprofd top` of real targets: as text, and in a real terminal.
import t, { type Test } from 'tap'
import { spawnProfilable, until } from '../../e2e/profilable.ts'
import { pprofdEntry, pprofdEnvironment } from '../../fixtures/support/daemon.ts'
import { listeningPorts } from '../../fixtures/support/listeners.ts'
import { profilerThreads } from '../../fixtures/support/profiler-threads.ts'
import { type SpawnedTarget, spawnProcess } from '../../fixtures/support/spawn-target.ts'
import { openTerminal, type Terminal, tmuxMissing } from '../../fixtures/support/tmux.ts'
import { runCliInProcess } from '../captured-output.ts'

t.setTimeout(240_000)

async function asBefore(t: Test, target: SpawnedTarget): Promise<void> {
  const closed = async () => (await listeningPorts(target.pid)).length === 0
  await until('the inspector is closed', closed, 10_000)
  t.equal(await profilerThreads(target.pid), 0, 'no profiler')
  t.ok(target.isAlive())
}

t.test('without a terminal: a table a second as text', async (t) => {
  const target = await spawnProfilable(t, 'busy.cjs')
  const { exitCode, stdout, stderr } = await runCliInProcess(t, [
    'top',
    String(target.pid),
    '--count',
    '2',
  ])
  t.equal(exitCode, 0, stderr)
  t.match(stdout, /^( {2,}\d+\.\d%){2}( +\d\.\d\ds){2} {2}\S+busy\.burnSixty \(\S+busy\.cjs:17\)$/m)
  const tables = stdout.split('pprofd top: busy.cjs').slice(1)
  t.equal(tables.length, 2)
  t.match(tables[1], /^CPU {5}\d+ %: main \d+ %/m)
  t.match(tables[1], /^Loop {4}.*\d % busy, .*delays of up to \d+ ms$|^Loop {4}BLOCKED or/m)
  t.match(tables[1], /^Heap {4}\d+\.\d MB used, \d+\.\d MB taken; process \d+\.\d MB resident$/m)
  t.notOk(stdout.includes('\u001b'))
  t.match(stderr, /^watched busy\.cjs \(pid \d+\), which stood still for .* it is as before\n$/)
  await asBefore(t, target)
})

t.test('--seconds ends it; wrong figures are refused', async (t) => {
  const target = await spawnProfilable(t, 'workers.cjs', { programArguments: ['pool'] })
  const args = ['top', String(target.pid), '-s', '1.5', '--hz', '200', '--no-source-maps']
  const { exitCode, stdout } = await runCliInProcess(t, args, { isTerminal: true })
  t.equal(exitCode, 0)
  t.ok(stdout.startsWith('\u001b[?1049h'), 'another page')
  t.ok(stdout.endsWith('\u001b[?1049l'), 'and back')
  t.match(stdout, /at 200 Hz/)
  t.match(stdout, /Thread {2}main \(1 of 2\)/)
  await asBefore(t, target)
  for (const flags of [
    ['--hz', '0'],
    ['--count', '0'],
    ['-s', 'x'],
  ]) {
    const { error } = await runCliInProcess(t, ['top', String(target.pid), ...flags])
    t.match(error, { code: 'parameter-invalid' })
  }
})

t.test('native code that blocks: told while it lasts, and named afterwards', async (t) => {
  const program = `
    console.log('ready')
    process.stdin.once('data', function block() {
      require('node:child_process').execSync('sleep 5')
      process.stdout.write('back\\n')
    })`
  const target = spawnProcess(t, process.execPath, ['--inspect-port=0', '-e', program], {})
  await target.stdout.waitFor(/ready/)
  const args = [pprofdEntry, 'top', String(target.pid), '-s', '60']
  const top = spawnProcess(t, process.execPath, args, { env: pprofdEnvironment })
  await top.stdout.waitFor(/^Loop {4}.*busy/)
  target.send('go')
  await top.stdout.waitFor(/^Loop {4}BLOCKED in native code for \d s: it does not answer/)
  t.notOk(target.stdout.text().includes('back'), 'it was told meanwhile')
  await top.stdout.waitFor(/spawnSync/)
  top.child.kill('SIGTERM')
  t.match(await top.waitForExit(), { code: 0, signal: null })
  await until(
    'the inspector is closed',
    async () => (await listeningPorts(target.pid)).length === 0,
  )
})

t.test('a reader that goes away ends it, with the target let go', async (t) => {
  const target = await spawnProfilable(t, 'busy.cjs')
  const line = `${process.execPath} ${pprofdEntry} top ${target.pid} | head -1`
  const top = spawnProcess(t, 'bash', ['-c', line], { env: pprofdEnvironment })
  t.match(await top.waitForExit(), { code: 0 })
  t.match(top.stdout.text(), /^pprofd top: busy\.cjs/)
  await asBefore(t, target)
})

const skip = (await tmuxMissing()) ?? false

t.test('in a terminal', { skip }, async (t) => {
  const target = await spawnProfilable(t, 'workers.cjs', { programArguments: ['pool'] })
  const terminal = await openTerminal(t, { columns: 100, rows: 30 }, pprofdEnvironment)
  await start(terminal, target)

  await t.test('keys switch the thread, sort, hold and help', async (t) => {
    await terminal.waitFor(/^Thread {2}main \(1 of 2\)/m)
    await terminal.type('t')
    const screen = await terminal.waitFor(/^Thread {2}pool#1 \(2 of 2\)(?:.|\n)*burnInWorker/m)
    t.match(screen, / {2}>%Own {2}%Total {3}OwnTime {2}TotalTime {2}Function/)
    t.match(screen, /q quit .* \? help\n$/)
    await terminal.type('t')
    await terminal.waitFor(/^Threads all 2/m)
    await terminal.type('3')
    await terminal.waitFor(/>OwnTime/)
    await terminal.type('p')
    await terminal.waitFor(/PAUSED/)
    await terminal.type('?')
    await terminal.waitFor(/every user of/)
    await terminal.type('x', 'p')
    await terminal.waitFor(/^pprofd top: \S+ \(pid \d+, Node \S+\) {2}\d+ s at 100 Hz$/m)
    await terminal.type('r')
    await terminal.waitFor(/ [01] s at 100 Hz/)
  })

  await t.test('a narrow terminal shows less of each line', async (t) => {
    await terminal.resize(40, 12)
    const screen = await terminal.waitFor(/>OwnTime {2}TotalTime {2}Function \(file:li…$/m)
    t.match(screen, /workers\.burnIn/)
    t.equal(Math.max(...screen.split('\n').map((line) => line.length)) <= 40, true)
    t.equal(screen.trimEnd().split('\n').length, 12)
    await terminal.resize(100, 30)
    await terminal.waitFor(/TotalTime {2}Function \(file:line\)$/m)
  })

  await t.test('Ctrl-C gives terminal and target back', async (t) => {
    t.equal(await terminal.ask('#{alternate_on} #{cursor_flag}'), '1 0')
    await terminal.type('C-c')
    await terminal.waitFor(/watched \S+ \(pid \d+\)(?:.|\n)*it is as before/)
    t.equal(await terminal.ask('#{alternate_on} #{cursor_flag}'), '0 1')
    await terminal.type('stty -a | grep -o " [-]*echo "; echo code $?', 'Enter')
    await terminal.waitFor(/^ echo\ncode 0/m)
    await asBefore(t, target)
  })

  await t.test('a target that dies: a message and code 1', async (t) => {
    await start(terminal, target)
    target.child.kill('SIGKILL')
    await terminal.waitFor(/^error: \d+ ended, or its inspector was closed/m)
    await terminal.type('echo code $?', 'Enter')
    await terminal.waitFor(/^code 1$/m)
    t.equal(await terminal.ask('#{alternate_on} #{cursor_flag}'), '0 1')
  })

  await t.test('a terminal that goes away', async (t) => {
    const other = await spawnProfilable(t, 'busy.cjs')
    await start(terminal, other)
    t.equal((await listeningPorts(other.pid)).length, 1)
    await terminal.close()
    await asBefore(t, other)
  })
})

async function start(terminal: Terminal, target: SpawnedTarget): Promise<void> {
  await terminal.type(`clear; ${process.execPath} ${pprofdEntry} top ${target.pid}`, 'Enter')
  await terminal.waitFor(/^Loop {4}.*(busy|BLOCKED)/m)
}

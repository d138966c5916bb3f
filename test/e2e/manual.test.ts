// What pprofd says of its commands: every example of every --help runs, and the man page has the same.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { listCommands } from '../../scripts/commands.mjs'
import { manPage } from '../../scripts/man-page.mjs'
import { addCommands } from '../../src/cli/cli.ts'
import { runCliInProcess } from '../cli/captured-output.ts'
import { spawnDaemon } from '../fixtures/support/daemon.ts'
import { runCommand } from '../fixtures/support/run-command.ts'
import { openShell } from './documented-shell.ts'
import { spawnProfilable } from './profilable.ts'

t.setTimeout(300_000)

/** Another test may have an `api` at the same time. */
const name = `api-${process.pid}`

const commands = listCommands(addCommands)
const page = manPage(addCommands, { version: '0.0.0', date: 'November 2026' })

t.test('the man page has the commands and flags of --help, and no others', async (t) => {
  const { stdout } = await runCliInProcess(t, ['--help'])
  const shown = Array.from(stdout.matchAll(/^ {2}pprofd (\w+)/gm), ([, name = '']) => name)
  const all = [...new Set(shown)]
  t.ok(all.length > 12, all.join(' '))
  const sections = page.split(/^\.S[SH] /m)
  const titles = sections.flatMap((text) => /^pprofd ([\w]+)/.exec(text)?.[1] ?? [])
  t.strictSame(titles.toSorted(), all.toSorted())
  const always = flagsIn(sections.find((text) => text.startsWith('OPTIONS')) ?? '')
  t.strictSame(always, ['--config', '--help', '--version'])
  const configuration = flagsIn(sections.find((text) => text.startsWith('Configuration')) ?? '')
  for (const name of all) {
    const help = await runCliInProcess(t, [name, '--help'])
    const own = flagsIn(sections.find((text) => text.startsWith(`pprofd ${name}`)) ?? '')
    const more = name === 'serve' || name === 'config' ? configuration : []
    t.strictSame([...always, ...own, ...more].toSorted(), flagsIn(help.stdout), name)
  }
})

t.test('man shows the page without a warning, with the usual sections', async (t) => {
  const file = join(t.testdir(), 'pprofd.1')
  writeFileSync(file, page)
  const titles = Array.from(page.matchAll(/^\.SH (.*)$/gm), ([, title = '']) => title)
  t.strictSame(titles, [
    ...['NAME', 'SYNOPSIS', 'DESCRIPTION', 'COMMANDS', 'OPTIONS', 'ENVIRONMENT', 'FILES'],
    ...['EXIT STATUS', 'SIGNALS', 'EXAMPLES', 'SEE ALSO'],
  ])
  const render = ['--warnings', '-E', 'UTF-8', '-l', '-Tutf8', '-Z', file]
  const { code, stderr } = await runCommand('man', render, { env: { MANWIDTH: '80' } })
  if (code === 127) return t.comment('man is not installed: the page was not rendered')
  t.equal(stderr, '')
  t.equal(code, 0)
})

t.test('every example of --help runs', async (t) => {
  const shell = openShell(t, 'examples', { PPROFD_LISTEN: '127.0.0.1:0' })
  const [named, unnamed] = await Promise.all([
    spawnProfilable(t, 'idle-pool.cjs', { env: { OTEL_SERVICE_NAME: name } }),
    spawnProfilable(t, 'idle.cjs'),
  ])
  // What two of them read.
  const before = await shell.run(
    `pprofd goroutine ${unnamed.pid} -o saved.txt && pprofd heapsnapshot ${unnamed.pid} -o old.heapsnapshot`,
  )
  t.equal(before.code, 0, before.stderr)
  const all = [...new Set(commands.flatMap(({ examples }) => examples.map((one) => one.command)))]
  const daemons = all.filter((command) => command.startsWith('pprofd serve'))
  const ofName = all.filter((command) => / api\b/.test(command))
  const others = all.filter((command) => !daemons.includes(command) && !ofName.includes(command))
  t.ok(daemons.length > 1 && ofName.length > 5 && others.length > 8, `${all.length} examples`)
  const run = async (examples: readonly string[]) => {
    for (const example of examples) {
      const command = example
        .replace('4711', String(unnamed.pid))
        .replace(/ api\b/, ` ${name}`)
        .replace(/ -s \d+/, ' -s 0.3')
        // It goes on until somebody quits.
        .replace(/ top (\S+)$/, ' top $1 --count 1')
      const { code, stderr } = await shell.run(command)
      t.equal(code, 0, `${example}: ${stderr}`)
    }
  }
  // Two pprofds on one process disturb each other: one after the other, but the two targets at once.
  await Promise.all([run(ofName), run(others), ...daemons.map(serve)])
  t.ok(named.isAlive() && unnamed.isAlive())

  async function serve(example: string): Promise<void> {
    const args = example.split(' ').slice(2)
    const daemon = spawnDaemon(t, { arguments: args, env: { PPROFD_LISTEN: '127.0.0.1:0' } })
    await daemon.stdout.waitFor(/"msg":"listening"/)
    daemon.child.kill('SIGTERM')
    t.match(await daemon.waitForExit(), { code: 0 }, example)
  }
})

t.test('every command has an example', async (t) => {
  for (const { usage, examples } of commands) t.ok(examples.length > 0, usage)
})

/** Of roff or of a help: where they are explained, not where a sentence has one. */
function flagsIn(text: string): readonly string[] {
  const lines = text
    .replaceAll('\\-', '-')
    .replace(/\\f[BRI]/g, '')
    .matchAll(/^ *(?:-\w, )?(--[\w.-]+(?:, --[\w.-]+)*)/gm)
  return Array.from(lines, ([, flags = '']) => flags.split(', '))
    .flat()
    .sort()
}

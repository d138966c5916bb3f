// Every block of README.md and docs/ that is marked with `run` is run, as a reader would paste it: see
// docs/development.md for what is put in for the port, the pid and the durations.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import {
  type Block,
  blocksOf,
  type ConsoleCommand,
  consoleCommands,
  documents,
  missingLines,
} from '../docs/documents.ts'
import { startDaemon } from '../fixtures/support/daemon.ts'
import { goMissing } from '../fixtures/support/go-pprof.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { type DocumentedShell, openShell } from './documented-shell.ts'

t.setTimeout(300_000)

/** Another test may have an `api` at the same time. */
const name = `api-${process.pid}`

/** As many pages at once: most of the time is recording, of processes that do little. */
const lanes = 4

t.test('every block that is marked runs, and prints what is shown', async (t) => {
  const noGo = await goMissing()
  if (noGo) t.comment(noGo)
  // Its inspector is open, so that the daemon and the commands share it instead of closing it for the other.
  const target = await spawnTarget(t, 'idle-pool.cjs', {
    nodeArguments: ['--inspect=0'],
    programArguments: [name],
    env: { OTEL_SERVICE_NAME: name },
  })
  const settings = join(t.testdir(), 'pprofd.yaml')
  const profiles =
    'profile, wall, block, mutex, heap, retained, heapsnapshot, goroutine, threadcreate'
  writeFileSync(
    settings,
    `defaultTarget: ${name}\nprofiles: [${profiles}, trace, fgtrace]\nheap: { seconds: 1 }\n` +
      `discover: { match: ' ${name}$' }\nlimits: { capturesPerTarget: 32 }\n`,
  )
  const daemon = await startDaemon(t, {
    arguments: ['--listen', '127.0.0.1:0', '--config', settings],
  })
  const pages = documents
    .map((page) => ({ name: page, blocks: blocksOf(page).filter(({ isRun }) => isRun) }))
    .filter(({ blocks }) => blocks.length > 0)
  t.ok(pages.length > 20, `${pages.length} pages have some`)

  const waiting = [...pages]
  const lane = async (): Promise<void> => {
    for (let page = waiting.shift(); page !== undefined; page = waiting.shift()) {
      const shell = openShell(t, page.name.replaceAll('/', '-'), { PPROFD_HEAP_SECONDS: '1' })
      for (const block of page.blocks) await runBlock(shell, block)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  t.ok(target.isAlive())

  async function runBlock(shell: DocumentedShell, { place, language, text }: Block): Promise<void> {
    if (language === 'yaml') {
      writeFileSync(join(shell.folder, 'example.yaml'), text)
      const { code, stderr } = await shell.run('pprofd config --config example.yaml')
      t.equal(code, 0, `${place}: ${stderr}`)
      return
    }
    const commands =
      language === 'console' ? consoleCommands(here(text)) : [{ command: here(text), shown: [] }]
    const runnable = commands.filter(({ command }) => !(noGo && command.includes('go tool')))
    t.ok(commands.length > 0, place)
    const { code, stdout, stderr } = await shell.run(runnable.map(marked).join('\n'))
    t.equal(code, 0, `${place}: ${stdout}\n${stderr}`)
    const outputs = stdout.toString().split(mark)
    for (const [i, { command, shown }] of runnable.entries()) {
      const output = outputs[i + 1] ?? ''
      t.strictSame(missingLines(shown, output), [], `${place}: ${command}\n${output}`)
    }
  }

  /** With the port, the pid and the durations of this test. */
  function here(text: string): string {
    return text
      .replaceAll(/\bapi\b/g, name)
      .replaceAll('127.0.0.1:8081', `127.0.0.1:${daemon.port}`)
      .replaceAll(/\b4711\b|<pid>/g, String(target.pid))
      .replaceAll(/(?<= -s |seconds=)\d+(\.\d+)?\b(?!.*&$)/gm, '1')
  }
})

const mark = '@@ next command @@\n'

function marked({ command }: ConsoleCommand): string {
  return `printf '%s' '${mark}'\n${command}`
}

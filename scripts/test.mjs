// Runs all tests; arguments are tap's. Test files that fail run once more, by themselves: they profile,
// starve and kill real processes, two files at a time, and may lose a race to what runs beside them.
// Which ones needed it is said at the end: a file that is named there often has a fault.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** More than a bad moment explains. */
const mostAgain = 10

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const wanted = process.argv.slice(2)
// tap's own: it writes the names of failed files there, runs those that it finds there, and then adds to
// the coverage instead of starting it anew.
const failed = '.tap/failed-files'
mkdirSync('.tap', { recursive: true })
rmSync(failed, { force: true })

// Otherwise the first run of a checkout still has the plugins that .taprc switches off.
if (!existsSync('.tap/plugins')) run('build')
let code = runTap(wanted)
const again = existsSync(failed) ? readFileSync(failed, 'utf8').trim().split('\n') : []
if (code !== 0 && again.length > 0 && again.length <= mostAgain) {
  console.log(`# failed, and run once more by themselves: ${again.join(', ')}`)
  code = runTap(['--jobs=1', ...wanted.map(besideFirst)])
  if (code === 0) console.log(`# passed only when run by themselves: ${again.join(', ')}`)
}
rmSync(failed, { force: true })
process.exit(code)

function runTap(args) {
  return run(`--save=${failed}`, ...args)
}

function run(...args) {
  return spawnSync('node_modules/.bin/tap', args, { stdio: 'inherit' }).status ?? 1
}

/** Where the second run is written to. */
function besideFirst(argument) {
  return argument.startsWith('--output-file=') ? `${argument}.again` : argument
}

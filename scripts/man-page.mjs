// The man page pprofd(1), out of the commands' own definitions and the prose below: man(7), roff.
import { readFileSync } from 'node:fs'
import { listCommands } from './commands.mjs'

/** Options of every command: cli.ts gives them to yargs as a whole. */
const general = {
  help: { alias: 'h', description: 'Show help: of pprofd, or of the command' },
  config: { type: 'string', description: 'Configuration file' },
  version: { alias: 'v', description: 'Show version number' },
}

/** `addCommands`: that of src/cli/cli.ts; `version`, `date`: for the page's foot. */
export function manPage(addCommands, { version, date }) {
  const commands = listCommands(addCommands)
  const shown = commands.filter(({ description }) => description !== false)
  const first = commands.filter(({ description }) => description === false)
  return [
    '.\\" Made by scripts/man-page.mjs; do not edit.',
    `.TH PPROFD 1 "${date}" "pprofd ${version}" "User Commands"`,
    '.SH NAME',
    `pprofd \\- ${text("Go's /debug/pprof for Node.js, from outside the process")}`,
    '.SH SYNOPSIS',
    ...shown.flatMap(synopsis),
    '.SH DESCRIPTION',
    ...prose(description),
    '.SH COMMANDS',
    ...shown.flatMap(command),
    '.SH OPTIONS',
    'Of every command:',
    ...Object.entries(general).flatMap(option),
    '.SS Configuration',
    ...prose(configuration),
    ...Object.entries(configOptions(shown)).flatMap(option),
    '.SH ENVIRONMENT',
    ...Object.entries(environment).flatMap(entry),
    '.SH FILES',
    ...Object.entries(files).flatMap(entry),
    '.SH EXIT STATUS',
    ...Object.entries(exitStatus).flatMap(entry),
    '.SH SIGNALS',
    ...Object.entries(signals).flatMap(entry),
    '.SH EXAMPLES',
    ...examplesOf([...shown, ...first]).flatMap(example),
    '.SH SEE ALSO',
    ...prose(seeAlso),
    '',
  ].join('\n')
}

/** That of what was built; `metafile` is esbuild's account of it. */
export async function builtManPage({ outputs }) {
  const root = new URL('..', import.meta.url)
  const [file] = Object.entries(outputs).find(
    ([, { entryPoint }]) => entryPoint === 'src/cli/cli.ts',
  )
  const { addCommands } = await import(new URL(file, root).href)
  const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))
  return manPage(addCommands, { version, date: 'November 2026' })
}

const description = `
pprofd attaches to a running Node.js process that was started without any flag, records what it does, lets
go, and answers in the formats that profiling tools read, go tool pprof first of all. Nothing is installed
in the process.

As a daemon (serve) it answers over HTTP on loopback, under /debug/pprof/ as Go's net/http/pprof does; ssh \\-L
is the way in from another machine. The other commands attach directly and need no daemon.

A target is a process: its pid, or its name as pprofd ps shows it. Before it is touched pprofd looks at it
from outside, and refuses with the reason where a signal would harm it (check). The inspector that pprofd
opens is closed afterwards, and that is verified. A profile's start and stop pause the process, by tens of
milliseconds in a small program; how long it was is printed and stands in the profile.
`

const configuration = `
Of serve and config. Each stands in the configuration file under the same name in camel case, and can be set
as an environment variable: \\-\\-limits.max\\-seconds is limits.maxSeconds there, and PPROFD_LIMITS_MAX_SECONDS.
Defaults give way to the file, the file to the environment, the environment to flags. The flag that
switches one off is like \\-\\-no\\-enabled.
`

const environment = {
  'PPROFD_*': 'An option of the configuration, for example PPROFD_LISTEN.',
  NO_COLOR: 'Not empty: goroutine prints no colours.',
  TERM: 'dumb: goroutine prints no colours.',
  STATE_DIRECTORY:
    'Set by systemd: where pprofd keeps what it has open in targets, unless stateDir says.',
  XDG_STATE_HOME: 'Of others than root: used instead of ~/.local/state.',
}

const files = {
  '/etc/pprofd/pprofd.yaml': 'The configuration, where it exists and \\-\\-config names no other.',
  '/var/lib/pprofd':
    'What is open in targets, so that it is closed after a crash, what rules did, and their captures; of others than root ~/.local/state/pprofd.',
}

const exitStatus = {
  0: 'Done. serve: ended by SIGTERM or SIGINT.',
  1: 'It failed, or check would not attach. The error and, where there is one, the next command to try are on stderr.',
  2: 'Wrong usage or configuration.',
}

const signals = {
  'SIGINT, SIGTERM':
    'serve ends its captures, restores their targets, and exits. A command that records ends early at the first SIGINT and keeps what there is; SIGTERM, SIGHUP or a second SIGINT give it up, with the target restored.',
  SIGHUP: 'serve reads its configuration again.',
  SIGUSR1:
    'What pprofd sends to a target so that its Node.js opens the inspector, once the look from outside found that it handles it.',
}

const seeAlso = `
.BR node (1),
.BR ssh (1),
.BR systemd (1),
.BR perf (1)
.PP
The pages of docs/ in the package: the tutorial, one page for each URL, configuration, security, what each
operation costs a target, and troubleshooting, which has every message. go tool pprof: https://pkg.go.dev/cmd/pprof
`

function synopsis({ usage }, index) {
  const [name, ...positionals] = usage.split(' ')
  const places = positionals.map((one) => ` \\fI${text(one.replace(/[<>]/g, ''))}\\fR`)
  const line = `\\fBpprofd ${text(name)}\\fR${places.join('')} [\\fIoption\\fR .\\|.\\|.]`
  return index === 0 ? [line] : ['.br', line]
}

function command({ usage, description, positionals, options, examples: _ }) {
  const own = Object.entries(options).filter(([, one]) => !one.hidden && !isConfiguration(one))
  const places = Object.entries(positionals).map(([name, { description: what }]) => {
    return `${name}: ${what}`
  })
  return [
    `.SS ${text(`pprofd ${usage}`)}`,
    `${sentence(description)}`,
    ...places.flatMap((place) => ['.PP', sentence(place)]),
    ...own.flatMap(option),
  ]
}

function configOptions(commands) {
  const all = commands.flatMap(({ options }) => Object.entries(options))
  return Object.fromEntries(all.filter(([, one]) => isConfiguration(one)))
}

function isConfiguration({ group = '' }) {
  return group.startsWith('Configuration')
}

function option([
  name,
  { alias, type, description, choices, defaultDescription, default: byDefault },
]) {
  const spellings = [alias, name].filter((one) => one !== undefined)
  const flags = spellings
    .toSorted((a, b) => a.length - b.length)
    .map((one) => `\\fB${text(one.length === 1 ? `-${one}` : `--${one}`)}\\fR`)
    .join(', ')
  const value = type === 'string' ? ` \\fI${valueName(name)}\\fR` : ''
  const standard = defaultDescription ?? byDefault
  const notes = [
    ...(choices ? [`One of ${choices.join(', ')}.`] : []),
    ...(standard === undefined || standard === false ? [] : [`Default: ${standard}.`]),
  ]
  return ['.TP', `${flags}${value}`, sentence(description), ...notes.map(line)]
}

function valueName(name) {
  const known = {
    seconds: 's',
    output: 'file',
    html: 'file',
    config: 'file',
    filter: 'regexp',
    match: 'regexp',
  }
  return known[name] ?? 'value'
}

function entry([name, what]) {
  return ['.TP', `.B ${text(name)}`, what.split('\\-').map(text).join('\\-')]
}

/** Each once: some stand in the help of all and in that of their command. */
function examplesOf(commands) {
  const all = commands.flatMap(({ examples }) => examples)
  return all.filter((one, i) => all.findIndex(({ command }) => command === one.command) === i)
}

function example({ command, description }) {
  return ['.TP', `.B ${text(command)}`, line(description)]
}

function sentence(words) {
  const capital = words.replace(/^[a-z](?=[a-z ])/, (first) => first.toUpperCase())
  const whole = /^\w+: /.test(words) ? words : capital
  return line(/[.!?]$/.test(whole) ? whole : `${whole}.`)
}

/** A line of text that no macro begins. */
function line(words) {
  const escaped = text(words)
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped
}

function prose(paragraphs) {
  return paragraphs
    .trim()
    .split('\n\n')
    .flatMap((paragraph, i) => [...(i === 0 ? [] : ['.PP']), ...paragraph.split('\n')])
}

/** What roff would take for its own. */
function text(words) {
  return String(words)
    .replaceAll('\\', '\\(rs')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('~', '\\(ti')
    .replaceAll('^', '\\(ha')
    .replaceAll('`', '\\(ga')
}

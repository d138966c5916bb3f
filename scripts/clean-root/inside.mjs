// Runs inside the clean root, as root, booted by systemd and with no network but loopback: the commands of
// README, tutorial, installing and systemd, as they stand in the pages. /opt/clean-root holds what a reader
// has got from elsewhere: the tarball, the Debian package, the pages and the demo.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { linesOf, promptsOf, scriptsOf } from './documents.mjs'
import { startRegistry } from './registry.mjs'
import { Steps } from './steps.mjs'

const home = '/opt/clean-root'
const [readme, tutorial, systemd, install] = [
  `${home}/checkout/README.md`,
  ...['tutorial', 'systemd', 'install'].map((name) => `${home}/checkout/docs/${name}.md`),
]
const manifest = JSON.parse(readFileSync(`${home}/checkout/package.json`, 'utf8'))
const tarball = `pprofd-${manifest.version}.tgz`
const hasGo = existsSync('/usr/local/go/bin/go')
const steps = new Steps({
  cwd: `${home}/checkout`,
  env: {
    HOME: '/root',
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/go/bin',
    PPROF_TMPDIR: '/tmp',
  },
})

try {
  const registry = await startRegistry(`${home}/${tarball}`, manifest)
  writeFileSync('/root/.npmrc', `registry=${registry.url}\n`)
  await withNpm()
  await asServiceByNpm()
  await steps.run('npm uninstall --global pprofd && ! command -v pprofd')
  await underUsrLib()
  registry.close()
  await asDebianPackage()
} catch (error) {
  steps.check(error.stack, false)
}
await steps.end()
writeFileSync(`${home}/failed`, String(steps.failed.length))
process.exit()

/** README's first screen, its quick start, and the three walks. */
async function withNpm() {
  const [, begin] = scriptsOf(readme).map(linesOf)
  let daemon
  for (const line of begin) {
    if (line === 'pprofd serve') daemon = await steps.background(line, /"msg":"listening"/)
    else await steps.run(line)
  }
  const page = await fetch('http://127.0.0.1:8081/').then((answer) => answer.text())
  steps.check('the page of README lists the Node processes', /pprofd/.test(page), page)

  const shop = await target('slow')
  for (const line of scriptsOf(readme, '## Quick start').flatMap(linesOf)) {
    if (line.startsWith('ssh ') || (line.startsWith('go ') && !hasGo)) continue
    // A browser is for a person.
    if (line.includes('-http=:')) continue
    await steps.run(line.replaceAll('<pid>', shop.pid))
  }
  await shop.stop()
  await walk('## My service is slow', 'slow', { 'pprofd profile': /stood still/ })
  await walk('## My service is stuck', 'deadlock', {
    'pprofd goroutine': /async transfer[\s\S]*async payRent/,
  })
  await walk('## My service is leaking', 'leak', {
    'go tool pprof -top heap': /session-store/,
    'go tool pprof -top -cum': /sessions: Map/,
  })
  await daemon.stop()
}

async function walk(heading, name, expected) {
  const subject = await target(name)
  for (const command of promptsOf(tutorial, heading)) {
    if (command.startsWith('node demo/') || (command.startsWith('go ') && !hasGo)) continue
    const line = command.replace(/\b471\d\b/, subject.pid).replace(/:4000\d/, `:${subject.port}`)
    // The customer of the deadlock waits for ever.
    if (line.startsWith('curl ')) await steps.background(`${line} & echo asked; wait`, /asked/)
    else await steps.run(line, expected[Object.keys(expected).find((key) => line.startsWith(key))])
  }
  if (name === 'slow') await steps.run('cat cpu.md', /compareLikeness/)
  await subject.stop()
}

/** The tutorial's own command, and the pid and port that it says. */
async function target(name) {
  const command = promptsOf(tutorial).find((line) => line.startsWith(`node demo/${name}/`))
  const { output, stop } = await steps.background(command, /ready {/)
  const { pid, port } = JSON.parse(/ready ({.*})/.exec(output)[1])
  await new Promise((resolve) => setTimeout(resolve, 3000))
  return { pid: String(pid), port, stop }
}

async function asServiceByNpm() {
  const [files, start] = scriptsOf(systemd, '## Install')
  await steps.run(files)
  await steps.run(`cd "$(npm root -g)/pprofd/systemd"; ${dropInCommand()}`)
  await steps.run(start, /listening on/)
  await asService()
  await steps.run('systemctl reload pprofd && systemctl is-active pprofd')
  await steps.run(scriptsOf(systemd, '## Uninstall')[0])
  await steps.run('test ! -e /var/lib/pprofd -a ! -e /etc/systemd/system/pprofd.service')
  await steps.run('npm install --global pprofd')
}

async function underUsrLib() {
  const [place, remove] = scriptsOf(install, '## A folder under /usr/lib')
  await steps.run(`cd ${home}\n${place}`)
  await steps.run(
    'sudo systemctl enable --now pprofd.socket && curl -sf http://127.0.0.1:8081/healthz',
  )
  await asService()
  await steps.run(remove)
  await steps.run('! command -v pprofd')
}

/** Of the table of whose processes. */
function dropInCommand() {
  return /`(sudo install .*capabilities\.conf.*?)`/.exec(readFileSync(systemd, 'utf8'))[1]
}

/** With Debian's own Node: the other one goes. */
async function asDebianPackage() {
  await steps.run('rm -rf /usr/local/bin/* /usr/local/lib/node_modules; node --version')
  const [script] = scriptsOf(install, '## Debian package')
  await steps.run(
    `cd ${home}\n${script.replace('apt-get install', 'DEBIAN_FRONTEND=noninteractive apt-get install --yes')}`,
  )
  await asService()
  await steps.run(`cd /usr/lib/pprofd/systemd; ${dropInCommand()}; systemctl daemon-reload`)
  await steps.run('systemctl restart pprofd')
  await asService()
  await steps.run('systemd-analyze verify pprofd.service pprofd.socket && pprofd --version')
  await steps.run('sudo apt-get remove --yes pprofd && test -e /etc/pprofd/pprofd.yaml')
  await steps.run('! systemctl is-enabled pprofd.socket && ! curl -s http://127.0.0.1:8081/healthz')
  await steps.run(
    'sudo apt-get purge --yes pprofd && test ! -e /etc/pprofd -a ! -e /usr/lib/pprofd',
  )
}

/** The service profiles: itself wherever it may nothing else, and with the drop-in somebody else's. */
async function asService() {
  await steps.run(
    "curl -sf 'http://127.0.0.1:8081/targets/self/debug/pprof/profile?seconds=1&format=markdown'",
    /self/,
  )
  if (!existsSync('/etc/systemd/system/pprofd.service.d/capabilities.conf')) return
  const shop = await target('slow')
  const url = `http://127.0.0.1:8081/targets/${shop.pid}/debug/pprof/profile?seconds=2&format=markdown`
  await steps.run(`curl -sf '${url}'`, /compareLikeness/)
  await shop.stop()
}

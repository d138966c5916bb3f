// node scripts/clean-root.mjs [--base FOLDER]: the commands of README, installing, systemd and the tutorial,
// word for word, in a Debian of its own. Takes some ten minutes, root, and the packages debootstrap and
// systemd-container; docs/development.md says more. `--base` keeps the bare Debian there for the next time.
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkout } from './bundle.mjs'
import { linesOf, scriptsOf } from './clean-root/documents.mjs'
import { inRoot, trySidecar } from './clean-root/sidecar.mjs'
import { Steps } from './clean-root/steps.mjs'
import { pack } from './pack.mjs'

const mirror = 'http://deb.debian.org/debian'
const packages = 'nodejs,systemd,systemd-sysv,sudo,curl,ca-certificates,iproute2,git'

const unit = `[Unit]
After=basic.target
[Service]
Type=exec
StandardOutput=file:/opt/clean-root/report
StandardError=inherit
ExecStart=/usr/bin/node /opt/clean-root/inside.mjs
ExecStopPost=/usr/bin/systemctl --no-block poweroff
[Install]
WantedBy=multi-user.target
`

requireTools('debootstrap', 'systemd-nspawn', 'dpkg-deb', 'unshare')
const work = mkdtempSync(join(tmpdir(), 'pprofd-clean-root-'))
const flag = process.argv.indexOf('--base')
const base = flag === -1 ? join(work, 'base') : process.argv[flag + 1]
let failures = 0
try {
  if (!existsSync(join(base, 'usr/bin/node'))) {
    run('debootstrap', '--variant=minbase', `--include=${packages}`, 'trixie', base, mirror)
  }
  const tarball = pack(work)
  run(process.execPath, join(checkout, 'scripts/debian.mjs'), work)

  console.log('# the image of the sidecar, by hand')
  failures += await trySidecar(copyRoot('sidecar'), tarball)
  console.log('# a checkout: README')
  failures += await tryCheckout(copyRoot('checkout'))
  console.log('# installed, and as a service: README, tutorial, installing, systemd')
  failures += boot(copyRoot('booted'))
} finally {
  rmSync(work, { recursive: true, force: true })
}
console.log(failures === 0 ? 'all of it works' : `${failures} steps failed`)
process.exitCode = failures === 0 ? 0 : 1

/** A copy of the bare Debian with this machine's Node and npm where an archive of nodejs.org has them. */
function copyRoot(name) {
  const root = join(work, name)
  run('cp', '-a', '--reflink=auto', base, root)
  const npm = spawnSync('npm', ['root', '--global'], { encoding: 'utf8' }).stdout.trim()
  mkdirSync(join(root, 'usr/local/lib/node_modules'), { recursive: true })
  cpSync(process.execPath, join(root, 'usr/local/bin/node'))
  run('cp', '-a', join(npm, 'npm'), join(root, 'usr/local/lib/node_modules/npm'))
  for (const one of ['npm', 'npx']) {
    const link = `../lib/node_modules/npm/bin/${one}-cli.js`
    run('ln', '-s', link, join(root, 'usr/local/bin', one))
  }
  return root
}

/** README's commands for a checkout; of `npm test` only the installation, which is the same. */
async function tryCheckout(root) {
  const steps = new Steps()
  const files = join(root, 'root/pprofd')
  mkdirSync(files)
  run('bash', '-c', `git -C ${checkout} archive HEAD | tar -x -C ${files}`)
  cpSync('/etc/resolv.conf', join(root, 'etc/resolv.conf'), { dereference: true })
  // Whom this machine trusts, for registries behind a certificate of a company's own.
  const authorities = '/etc/ssl/certs/ca-certificates.crt'
  if (existsSync(authorities)) cpSync(authorities, join(root, authorities))
  run('mount', '-t', 'proc', 'proc', join(root, 'proc'))
  try {
    const lines = linesOf(scriptsOf(join(checkout, 'README.md'))[0])
    const [demo, test] = lines
    steps.check(test, test === 'npm ci && npm test')
    const { output, stop } = await steps.background(
      inRoot(root, `export NODE_EXTRA_CA_CERTS=${authorities}; cd /root/pprofd; ${demo}`),
      /Ctrl-C stops everything/,
    )
    const [curl] = /curl '.*markdown'/.exec(output) ?? ['false']
    await steps.run(inRoot(root, curl), /Hottest|self/i)
    await stop()
    await steps.end()
  } finally {
    run('umount', join(root, 'proc'))
  }
  return steps.failed.length
}

/** systemd as process 1, a network of its own; a unit does the work and ends it. */
function boot(root) {
  const inside = join(root, 'opt/clean-root')
  mkdirSync(inside, { recursive: true })
  for (const one of ['README.md', 'package.json', 'docs', 'demo']) {
    cpSync(join(checkout, one), join(inside, 'checkout', one), { recursive: true })
  }
  cpSync(join(checkout, 'scripts/clean-root'), inside, { recursive: true })
  const { version } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'))
  for (const one of [`pprofd-${version}.tgz`, `pprofd_${version}_all.deb`]) {
    cpSync(join(work, one), join(inside, one))
  }
  writeFileSync(join(root, 'etc/systemd/system/clean-root.service'), unit)
  run('systemctl', `--root=${root}`, 'enable', 'clean-root.service')
  const go = spawnSync('go', ['env', 'GOROOT'], { encoding: 'utf8' }).stdout?.trim()
  const binds = go ? [`--bind-ro=${go}:/usr/local/go`] : []
  const args = ['--quiet', '--register=no', '--keep-unit', '--private-network', '--boot']
  const { stderr } = spawnSync('systemd-nspawn', [...args, ...binds, `--directory=${root}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    timeout: 900_000,
  })
  console.log(readText(join(inside, 'report')) || stderr)
  return Number(readText(join(inside, 'failed')) || 1)
}

function readText(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}

function requireTools(...names) {
  if (process.getuid() !== 0) end('it takes root')
  const missing = names.filter((name) => spawnSync(name, ['--version']).error)
  if (missing.length > 0)
    end(`${missing.join(', ')} missing; as root: apt-get install debootstrap systemd-container`)
}

function end(reason) {
  console.error(`error: ${reason}`)
  process.exit(2)
}

function run(file, ...args) {
  const { status, stderr, error } = spawnSync(file, args, { encoding: 'utf8' })
  if (status === 0) return
  throw new Error(`${file} ended with ${status ?? error?.message}: ${stderr?.slice(-2000)}`)
}

// node scripts/debian.mjs [FOLDER]: a Debian package of the npm package, which lies under /usr/lib/pprofd. It needs dpkg-deb and nothing of Debian's build system, and enables nothing by itself.
// Prints the path of the .deb.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { pack } from './pack.mjs'

const maintainer = 'pprofd maintainers <pprofd@localhost>'
/** Nothing is enabled by itself: whose processes pprofd may profile is for a person to say. */
const maintainerScripts = {
  postinst: `#!/bin/sh
set -e
if [ "$1" = configure ] && [ -d /run/systemd/system ]; then
  systemctl daemon-reload || true
  [ -z "$2" ] || systemctl try-restart pprofd.service || true
fi
`,
  prerm: `#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
  systemctl disable --quiet --now pprofd.socket pprofd.service || true
fi
`,
  postrm: `#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then systemctl daemon-reload || true; fi
if [ "$1" = purge ]; then rm -rf /var/lib/pprofd /var/lib/private/pprofd /etc/pprofd; fi
`,
}

const folder = resolve(process.argv[2] ?? '.')
const work = mkdtempSync(join(tmpdir(), 'pprofd-debian-'))
try {
  const root = join(work, 'root')
  const { version, description } = unpack(root)
  place(root)
  writeFile(root, 'usr/share/doc/pprofd/copyright', copyright(root))
  writeFile(root, 'usr/share/doc/pprofd/changelog.gz', gzipSync(changelog(version), { level: 9 }))
  writeFile(root, 'DEBIAN/control', control(root, version, description))
  writeFile(root, 'DEBIAN/conffiles', '/etc/pprofd/pprofd.yaml\n')
  setModes(root)
  for (const [name, text] of Object.entries(maintainerScripts)) {
    writeFile(root, `DEBIAN/${name}`, text, 0o755)
  }
  mkdirSync(folder, { recursive: true })
  const deb = join(folder, `pprofd_${version}_all.deb`)
  run('dpkg-deb', '--build', '--root-owner-group', '-Zxz', root, deb)
  console.log(deb)
} finally {
  rmSync(work, { recursive: true, force: true })
}

function unpack(root) {
  const library = join(root, 'usr/lib/pprofd')
  mkdirSync(library, { recursive: true })
  run('tar', '-xzf', pack(work), '-C', library, '--strip-components=1', '--no-same-owner')
  return JSON.parse(readFileSync(join(library, 'package.json'), 'utf8'))
}

/** Each where Debian has it; /usr/lib/pprofd keeps what runs, and the drop-ins to choose from. */
function place(root) {
  const library = join(root, 'usr/lib/pprofd')
  const moves = {
    'systemd/pprofd.service': 'usr/lib/systemd/system/pprofd.service',
    'systemd/pprofd.socket': 'usr/lib/systemd/system/pprofd.socket',
    'systemd/user/pprofd.service': 'usr/lib/systemd/user/pprofd.service',
    'config/pprofd.yaml': 'etc/pprofd/pprofd.yaml',
    'README.md': 'usr/share/doc/pprofd/README.md',
    'CHANGELOG.md': 'usr/share/doc/pprofd/CHANGELOG.md',
    docs: 'usr/share/doc/pprofd/docs',
  }
  for (const [from, to] of Object.entries(moves)) {
    mkdirSync(dirname(join(root, to)), { recursive: true })
    renameSync(join(library, from), join(root, to))
  }
  for (const empty of ['systemd/user', 'config']) rmSync(join(library, empty), { recursive: true })
  mkdirSync(join(root, 'usr/bin'))
  symlinkSync('../lib/pprofd/dist/main.js', join(root, 'usr/bin/pprofd'))
  placeManual(root, library)
}

function placeManual(root, library) {
  const { man } = JSON.parse(readFileSync(join(library, 'package.json'), 'utf8'))
  for (const page of [man ?? []].flat()) {
    const [, name, section] = /([^/]+\.(\d))$/.exec(page)
    const bytes = gzipSync(readFileSync(join(library, page)), { level: 9 })
    writeFile(root, `usr/share/man/man${section}/${name}.gz`, bytes)
    rmSync(join(library, page))
  }
}

function control(root, version, description) {
  return `Package: pprofd
Version: ${version}
Architecture: all
Maintainer: ${maintainer}
Installed-Size: ${Math.ceil(bytesOf(root) / 1024)}
Depends: nodejs (>= 20.19)
Suggests: golang-go
Section: devel
Priority: optional
Description: profiler for running Node.js processes, from outside
 ${description.replace(/(.{60,76}) /g, '$1\n ')}
`
}

function copyright(root) {
  const read = (path) => readFileSync(join(root, 'usr/lib/pprofd', path), 'utf8')
  return `${read('LICENSE')}\n${read('dist/THIRD-PARTY-LICENSES.txt')}`
}

function changelog(version) {
  const { mtime } = statSync(new URL('../CHANGELOG.md', import.meta.url))
  const date = mtime.toUTCString().replace('GMT', '+0000')
  return `pprofd (${version}) unstable; urgency=medium\n\n  * See CHANGELOG.md.\n\n -- ${maintainer}  ${date}\n`
}

function setModes(root) {
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isDirectory()) chmodSync(path, 0o755)
    else if (entry.isFile()) chmodSync(path, path.endsWith('pprofd/dist/main.js') ? 0o755 : 0o644)
  }
  chmodSync(root, 0o755)
}

function bytesOf(root) {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0)
}

function writeFile(root, path, content, mode = 0o644) {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), content, { mode })
}

function run(file, ...args) {
  const { status, error } = spawnSync(file, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) throw new Error(`${file} ended with ${status ?? error?.message}`)
}

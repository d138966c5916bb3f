// Builds dist/: a copy of inspector-api without the S3 SDK, the compiled sources, and what browsers get:
// the landing page's script and style (dist/ui/page) and speedscope as it was released (dist/ui/speedscope).
//
// inspector-api loads `@aws-sdk/client-s3` only when it is told to upload, which pprofd never does.
// As a dependency it would still bring that SDK to every user, so its own few files travel in the
// package instead (MIT, licence beside them) and `#inspector-api` in package.json points there.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const require = createRequire(import.meta.url)
const vendored = dirname(require.resolve('inspector-api', { paths: [root] }))
const dist = join(root, 'dist')
const target = join(dist, 'vendor', 'inspector-api')

emptyFolder(dist)
mkdirSync(target, { recursive: true })
for (const name of ['index.js', 'index.d.ts', 'src', 'LICENSE', 'package.json']) {
  cpSync(join(vendored, name), join(target, name), { recursive: true })
}

const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc')
const pageSource = join(root, 'src', 'ui', 'page')
const pageTarget = join(dist, 'ui', 'page')
compile(root)
compile(pageSource)
for (const name of ['base.css', 'icon.svg', 'page.css', 'perfetto.html']) {
  cpSync(join(pageSource, name), join(pageTarget, name))
}
copySpeedscope()
chmodSync(join(dist, 'main.js'), 0o755)

function compile(project) {
  const { status } = spawnSync(process.execPath, [tsc, '-p', project], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

/** Without what no page asks for: an example, the importer of Java's recordings, a schema, favicons as scripts. */
function copySpeedscope() {
  const folder = dirname(require.resolve('speedscope/package.json'))
  const release = join(folder, 'dist', 'release')
  const unused = /^perf-vertx|\.wasm$|^file-format-schema|^favicon.*\.js$/
  const target = join(dist, 'ui', 'speedscope')
  mkdirSync(target, { recursive: true })
  for (const name of readdirSync(release)) {
    if (!unused.test(name)) cpSync(join(release, name), join(target, name))
  }
  cpSync(join(folder, 'LICENSE'), join(target, 'LICENSE.txt'))
}

/** Empties rather than removes: a running daemon or a watching editor may hold the folder. */
function emptyFolder(folder) {
  mkdirSync(folder, { recursive: true })
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true })
}

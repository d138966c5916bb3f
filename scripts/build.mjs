// Builds dist/: a copy of inspector-api without the S3 SDK, then the compiled sources and the man page.
//
// inspector-api loads `@aws-sdk/client-s3` only when it is told to upload, which pprofd never does.
// As a dependency it would still bring that SDK to every user, so its own few files travel in the
// package instead (MIT, licence beside them) and `#inspector-api` in package.json points there.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { builtManPage } from './man-page.mjs'

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
const { status } = spawnSync(process.execPath, [tsc, '-p', root], { stdio: 'inherit' })
if (status !== 0) process.exit(status ?? 1)
chmodSync(join(dist, 'main.js'), 0o755)
mkdirSync(join(dist, 'man'))
writeFileSync(join(dist, 'man', 'pprofd.1'), await builtManPage(new URL('..', import.meta.url)))

/** Empties rather than removes: a running daemon or a watching editor may hold the folder. */
function emptyFolder(folder) {
  mkdirSync(folder, { recursive: true })
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true })
}

/** What browsers get: dist/ui. */
import { cpSync, mkdirSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** Of npm's `speedscope`, for its licence and the list of what is carried. */
export const speedscopeFolder = dirname(
  createRequire(import.meta.url).resolve('speedscope/package.json'),
)

/** As it was released, less what no page asks for: an example, the importer of Java's recordings, a schema, favicons as scripts. */
export function copySpeedscope(target) {
  const release = join(speedscopeFolder, 'dist', 'release')
  const unused = /^perf-vertx|\.wasm$|^file-format-schema|^favicon.*\.js$/
  mkdirSync(target, { recursive: true })
  for (const name of readdirSync(release)) {
    if (!unused.test(name)) cpSync(join(release, name), join(target, name))
  }
  cpSync(join(speedscopeFolder, 'LICENSE'), join(target, 'LICENSE.txt'))
}

/** The landing page's own: its scripts as one file each, the rest as it is. */
export async function buildPage(target) {
  const folder = fileURLToPath(new URL('../src/ui/page/', import.meta.url))
  await build({
    entryPoints: [join(folder, 'main.ts'), join(folder, 'perfetto.ts')],
    outdir: target,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minifyWhitespace: true,
    minifySyntax: true,
    logLevel: 'warning',
  })
  for (const name of readdirSync(folder)) {
    if (/\.(css|svg|html)$/.test(name)) cpSync(join(folder, name), join(target, name))
  }
}

// node scripts/pack.mjs [FOLDER]: the package as it is published, of dist/ as it is; prints the path of the
// tarball. `npm pack` makes the same with a manifest that speaks of development, too.
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
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const checkout = fileURLToPath(new URL('..', import.meta.url))

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(pack(process.argv[2] ?? '.'))

export function pack(folder) {
  const stage = mkdtempSync(join(tmpdir(), 'pprofd-pack-'))
  try {
    const { name, version } = stagePackage(stage)
    mkdirSync(folder, { recursive: true })
    const args = ['pack', '--silent', '--ignore-scripts', '--pack-destination', resolve(folder)]
    const { status } = spawnSync('npm', args, {
      cwd: stage,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    if (status !== 0) throw new Error(`npm pack ended with ${status}`)
    return join(resolve(folder), `${name}-${version}.tgz`)
  } finally {
    rmSync(stage, { recursive: true, force: true })
  }
}

function stagePackage(stage) {
  const { scripts, devDependencies, overrides, ...manifest } = JSON.parse(
    readFileSync(join(checkout, 'package.json'), 'utf8'),
  )
  writeFileSync(join(stage, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  const own = manifest.files.filter((one) => !one.startsWith('!'))
  for (const one of ['README.md', 'LICENSE', ...own]) {
    const from = join(checkout, one)
    if (existsSync(from)) cpSync(from, join(stage, one), { recursive: true })
  }
  return manifest
}

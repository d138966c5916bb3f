// node scripts/pack.mjs [FOLDER]: the package as it is published, of dist/ as it is; prints the path of the
// tarball. `npm pack` makes the same, larger: this leaves out what no installation needs, which is the
// scripts of development, and the types, maps, tests and pages of the dependencies.
//
// The dependencies travel in the package (bundleDependencies), so that everybody runs what the tests ran
// with and docs/dependencies.md lists, and a machine without a registry can be given one file.
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkout, productionPackages } from './production-packages.mjs'

const notNeeded = /^\.|\.(map|ts|mts|cts|tsbuildinfo|md|markdown|yml|sh)$/
/** Only at the top of a package: below it such a name may be a part of the program. */
const notNeededFolder = /^(tests?|bench|benchmarks?|examples?|docs)$/
/** Their names may look like one of those. */
const licence = /^(licen[cs]e|copying|notice)/i

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
  for (const path of productionPackages().keys()) copyDependency(path, stage)
  return manifest
}

/** Without what lies below its node_modules, which are packages of their own or nobody's. */
function copyDependency(path, stage) {
  const top = join(checkout, path)
  // Where there is no such file, the page says it.
  const notice = readdirSync(top).some((name) => licence.test(name)) ? licence : /^readme/i
  const filter = (file) => {
    const name = basename(file)
    if (file === top || notice.test(name)) return true
    if (dirname(file) === top && notNeededFolder.test(name)) return false
    return name !== 'node_modules' && !notNeeded.test(name)
  }
  cpSync(top, join(stage, path), { recursive: true, filter })
}

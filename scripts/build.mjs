// Builds dist/: the command, what its threads and children run, and every package that they use, in a
// few files. An installation then is one package, which starts in half the time: Node finds, reads and
// checks ten files rather than 600. The types are checked by `npm run lint`.
import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { bundledPackages, licenceTexts } from './bundled-packages.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const dist = join(root, 'dist')

/** Each is started by the name of its file, relative to the code that starts it: all of dist/ is flat. */
const entryPoints = [
  'src/main.ts',
  'src/census/census-thread.ts',
  'src/convert/retained-thread.ts',
  'src/convert/suspended-thread.ts',
  'src/sourcemaps/map-worker.ts',
  'src/targets/netns-relay.ts',
]

emptyFolder(dist)
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints,
  outdir: dist,
  entryNames: '[name]',
  chunkNames: '[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  // Names stay: stacks in bug reports, and profiles of pprofd itself, are read by people.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  external: [
    // inspector-api loads it when it is told to upload to S3, which pprofd never does.
    '@aws-sdk/client-s3',
    // fastify loads them for routes with schemas and for `inject`, which only tests have.
    '@fastify/ajv-compiler',
    '@fastify/fast-json-stringify-compiler',
    'light-my-request',
  ],
  // What the packages that are CommonJS call for Node's own modules.
  banner: {
    js: "import{createRequire as nodeRequire}from'node:module';const require=nodeRequire(import.meta.url);",
  },
  metafile: true,
  logLevel: 'warning',
})
writeFileSync(join(dist, 'THIRD-PARTY-LICENSES.txt'), licenceTexts(bundledPackages(root, metafile)))
chmodSync(join(dist, 'main.js'), 0o755)

/** Empties rather than removes: a running daemon or a watching editor may hold the folder. */
function emptyFolder(folder) {
  mkdirSync(folder, { recursive: true })
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true })
}

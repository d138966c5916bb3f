// What esbuild makes of pprofd: the command, what its threads and children run, and every package that
// they use, in a few files.
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { validatorCode } from './validator-code.mjs'

export const checkout = fileURLToPath(new URL('..', import.meta.url))

/** Each is started by the name of its file, relative to the code that starts it: all of dist/ is flat. */
const entryPoints = [
  'src/main.ts',
  'src/census/census-thread.ts',
  'src/convert/retained-thread.ts',
  'src/convert/suspended-thread.ts',
  'src/server/conversion/conversion-thread.ts',
  'src/sourcemaps/map-worker.ts',
  'src/targets/netns-relay.ts',
]

/** @returns esbuild's account of what went in. */
export async function bundle({ write }) {
  const { metafile } = await build({
    absWorkingDir: checkout,
    entryPoints,
    write,
    outdir: 'dist',
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
    plugins: [validatorCode],
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
  return metafile
}

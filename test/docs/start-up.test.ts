/** What a daemon loads before it listens: most of its start, and of the memory that it keeps. */
import t from 'tap'
import { bundle } from '../../scripts/bundle.mjs'

interface Output {
  readonly bytes: number
  readonly entryPoint?: string
  readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>>
  readonly imports: readonly { path: string; kind: string; external?: boolean }[]
}

/** Each is imported by the one before once it runs. */
const loaded = [
  'src/main.ts',
  'src/cli/serve-arguments.ts',
  'src/cli/run-serve.ts',
  'src/daemon.ts',
]

const { outputs }: { outputs: Readonly<Record<string, Output>> } = await bundle({ write: false })
const files = new Set(loaded.flatMap((entry) => [...closure(fileOf(entry))]))
const sources = [...files].flatMap((file) => Object.keys(outputs[file]?.inputs ?? {}))

t.test('a daemon loads no package that only some need', async (t) => {
  t.ok(sources.some((source) => source.includes('node_modules/fastify/')))
  for (const name of ['acorn', 'ajv', 'ansi-escapes', 'string-width', 'yaml', 'yargs']) {
    const isIt = new RegExp(`node_modules/${name}/(?!dist/runtime/)`)
    const found = sources.filter((source) => isIt.test(source))
    t.same(found, [], name)
  }
  t.same(
    sources.filter((source) =>
      /^src\/(?:cli\/cli|census\/census-thread|sourcemaps\/map-worker)\./.test(source),
    ),
    [],
  )
})

t.test('a daemon loads at most 1.5 MB', async (t) => {
  const bytes = [...files].reduce((sum, file) => sum + (outputs[file]?.bytes ?? 0), 0)
  t.ok(bytes < 1.5e6, `${bytes} bytes in ${files.size} files`)
})

function fileOf(entryPoint: string): string {
  const [file] = Object.entries(outputs).find(([, one]) => one.entryPoint === entryPoint) ?? []
  if (file === undefined) throw new Error(`${entryPoint} is in no file of its own`)
  return file
}

/** The file, and all that is loaded with it. */
function* closure(file: string, seen = new Set<string>()): Generator<string> {
  if (seen.has(file)) return
  seen.add(file)
  yield file
  for (const { path, kind, external } of outputs[file]?.imports ?? []) {
    if (kind === 'import-statement' && external !== true) yield* closure(path, seen)
  }
}

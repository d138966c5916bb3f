// Goroutine profiles of what bundlers and compilers made: they name what people wrote.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import ts from 'typescript'
import { checkout } from '../fixtures/support/checkout.ts'
import { spawnTarget } from '../fixtures/support/spawn-target.ts'
import { startApp } from './start-app.ts'

t.setTimeout(120_000)

const nodeArguments = ['--inspect-port=0']

interface Bucket {
  readonly stack: readonly {
    readonly function: string
    readonly file: string
    readonly line: number
  }[]
}

const source = `
interface Order { readonly id: number }

class Shop {
  readonly #waiting: ((order: Order) => void)[] = []

  async nextOrder(): Promise<Order> {
    return await new Promise<Order>((resolve) => this.#waiting.push(resolve))
  }
}

enum Size { Small, Large }

const shop = new Shop()
async function deliver(): Promise<Size> {
  const order = await shop.nextOrder()
  return order.id > 3 ? Size.Large : Size.Small
}
void deliver()
setInterval(() => shop, 60_000)
console.log('ready ' + JSON.stringify({ pid: process.pid }))
`

t.test('suspended functions are at the line of the TypeScript that was written', async (t) => {
  const folder = t.testdir({ 'shop.ts': source })
  const { outputText, sourceMapText = '' } = ts.transpileModule(source, {
    fileName: 'shop.ts',
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2022,
      sourceMap: true,
    },
  })
  writeFileSync(join(folder, 'shop.js'), outputText)
  writeFileSync(join(folder, 'shop.js.map'), sourceMapText)
  const { pid } = await spawnTarget(t, join(folder, 'shop.js'), { nodeArguments })
  const file = join(folder, 'shop.ts')
  const [bucket] = (await bucketsOf(t, pid)).filter(({ stack }) => stack.length === 2)
  t.match(bucket?.stack, [
    { function: 'Shop.nextOrder', file, line: lineOf('return await new') },
    { function: 'deliver', file, line: lineOf('await shop.nextOrder') },
  ])
  const plain = await bucketsOf(t, pid, '&sourcemaps=0')
  t.ok(plain.every(({ stack }) => stack.every((frame) => frame.file !== file)))
})

t.test('what runs in a minified bundle has its original names', async (t) => {
  const program = join(checkout, 'test/fixtures/maps/built/esbuild-cjs-min.cjs')
  const { pid } = await spawnTarget(t, program, { nodeArguments })
  const original = /(?:^|\.|^new )(?:sumRoots|sumSines|sumLogs|Cart|addTaxes|settle|runRound)$/
  const main = join(checkout, 'test/fixtures/maps/src/main.ts')
  // Between two rounds nothing runs, and the first one is called by the module itself, which has no name.
  for (let attempt = 0; attempt < 10; attempt++) {
    const stacks = (await bucketsOf(t, pid)).map(({ stack }) => stack)
    const running = stacks.find((stack) => stack.some(({ file }) => file === main))
    if (running === undefined || running.some(isModule)) continue
    for (const frame of running.filter((each) => each.file.endsWith('.ts'))) {
      t.match(frame.function, original)
    }
    return
  }
  t.fail('nothing of main.ts was seen')
})

function isModule({ function: name, file }: Bucket['stack'][number]): boolean {
  return name === '(anonymous)' && file.endsWith('/main.ts')
}

async function bucketsOf(t: Test, pid: number, query = ''): Promise<readonly Bucket[]> {
  const { app } = startApp(t)
  const path = `/targets/${pid}/debug/pprof/goroutine?format=json${query}`
  const answer = await app.inject(path)
  t.equal(answer.statusCode, 200, answer.body)
  return answer.json<{ readonly buckets: readonly Bucket[] }>().buckets
}

function lineOf(text: string): number {
  return source.slice(0, source.indexOf(text)).split('\n').length
}

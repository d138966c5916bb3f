// Every stack that bench/census-server.cjs can have; lines are found by their marks, such as `// @query`.
import { readFileSync } from 'node:fs'

const lines = readFileSync(new URL('./census-server.cjs', import.meta.url), 'utf8').split('\n')
const at = (name, mark) => `${name} ${lines.findIndex((line) => line.endsWith(`// @${mark}`)) + 1}`
const inHandle = (mark) => at('handle', `handle.${mark}`)

const inPage = ['Promise.all', at('page', 'page'), inHandle('page')]
const whole = [
  [at('check', 'check'), at('authorise', 'authorise'), inHandle('authorise')],
  [at('query', 'query'), inHandle('query')],
  [at('query', 'query'), ...inPage],
  [at('check', 'check'), ...inPage],
]

/** As isPossible of the other program: frames may be missing at either end. */
export function isPossibleInServer(stack) {
  const wanted = stack.replace(/ \(index.*?\)/g, '').replace(/(\d+):\d+/g, '$1')
  return whole.some((frames) => ` < ${frames.join(' < ')} < `.includes(` < ${wanted} < `))
}

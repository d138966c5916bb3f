// A program to be profiled: `node latency-target.mjs <functions>` compiles that many functions, calls
// each once, so that all have bytecode as in an application that has warmed up, and then works half
// of the time. Profiler.start walks the heap: its pause grows with the functions.
import { runInThisContext } from 'node:vm'

const count = Number(process.argv[2])
/** As many as a file of an application has. */
const perScript = 100

const functions = []
for (let first = 0; first < count; first += perScript) {
  const sources = Array.from({ length: Math.min(perScript, count - first) }, (_, index) => {
    const id = first + index
    return `function f${id}(a, b) { const c = a * ${id} + b; return c > ${id} ? c % 97 : { c }.c }`
  })
  const names = sources.map((_, index) => `f${first + index}`)
  const text = `(() => { ${sources.join('\n')}\nreturn [${names}] })()`
  functions.push(...runInThisContext(text, { filename: `/app/src/module-${first / perScript}.js` }))
}
for (const [index, one] of functions.entries()) one(index, 1)

let next = 0
let sink = 0
function work() {
  const end = performance.now() + 5
  while (performance.now() < end) {
    for (let i = 0; i < 100; i++) {
      sink += functions[next](i, sink)
      next = (next + 1) % functions.length
    }
  }
  setTimeout(work, 5)
}
work()
console.log('ready')

// A service with fastify, of 400 modules with 130 functions each, all of them in files of a temporary folder.
// A unit is one request to one of its 400 routes, within the process.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fastify from 'fastify'

const moduleCount = 400
const functionsEach = 130

export async function fastifyService() {
  const folder = mkdtempSync(join(tmpdir(), 'pprofd-bench-service-'))
  const load = createRequire(import.meta.url)
  const app = fastify()
  for (let id = 0; id < moduleCount; id++) {
    const file = join(folder, `module-${id}.cjs`)
    writeFileSync(file, moduleText(id))
    app.register(load(file))
  }
  await app.ready()
  // They are loaded.
  rmSync(folder, { recursive: true })
  let next = 0
  return {
    unit: async () => {
      const url = `/module/${next}?seed=${next}`
      next = (next + 1) % moduleCount
      const { statusCode } = await app.inject({ url })
      if (statusCode !== 200) throw new Error(`${url}: ${statusCode}`)
    },
  }
}

/** Every function is run at once, so that V8 has compiled it, and then with each request of its route. */
function moduleText(id) {
  const steps = Array.from(
    { length: functionsEach },
    (_, step) => `function step${step}(value) {
  const rest = (value * ${id + step + 1}) % 1009
  return rest > ${(id * step) % 500} ? rest : { rest }.rest + ${step}
}`,
  )
  const names = steps.map((_, step) => `step${step}`).join(', ')
  return `'use strict'
${steps.join('\n')}
const steps = [${names}]
function answer(seed) {
  let value = seed
  const seen = []
  for (const step of steps) {
    value = step(value)
    if (value % 7 === 0) seen.push({ value, from: step.name })
  }
  return { id: ${id}, value, seen }
}
answer(1)
module.exports = async function routes${id}(app) {
  app.get('/module/${id}', async (request) => answer(Number(request.query.seed)))
}
`
}

// Runs one contender once and prints what it took: sourcemaps-contender.mjs <name> <script> <questions>
import { readFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping'
import { findSources, newCaches } from './build/sourcemaps/find-sources.js'
import { answerFromMap } from './build/sourcemaps/map-answers.js'
import { sourceLookup } from './build/sourcemaps/source-lookup.js'
import { SourceMaps } from './build/sourcemaps/source-maps.js'

const [, , name, script, questionsFile] = process.argv
const starts = JSON.parse(readFileSync(questionsFile, 'utf8'))
const questions = {
  url: pathToFileURL(script).href,
  lines: starts.map(({ line }) => line),
  columns: starts.map(({ column }) => column),
  functionNames: starts.map(({ functionName }) => functionName),
}
const positionsOnly = { ...questions, functionNames: starts.map(() => '') }
const caches = newCaches(32 * 1024 * 1024)
const sourceMaps = new SourceMaps({ budgetMs: 60_000 })

const contenders = {
  pprofd: () => inThisThread(questions),
  'pprofd, without names': () => inThisThread(positionsOnly),
  'pprofd, the map alone': () => {
    const map = readFileSync(`${script}.map`)
    const { lines, columns } = questions
    const { answers } = answerFromMap(map, lines, columns, {
      mapPath: `${script}.map`,
      deadlineMs: Number.POSITIVE_INFINITY,
    })
    return answers.map((found) => found && { ...found, url: found.source, source: undefined })
  },
  'pprofd, in its thread': async () => {
    const lookup = await sourceMaps.find({ pid: process.pid, workingDirectory: '' }, [questions])
    // What converts a profile asks for positions one by one.
    await nextTurn()
    return positionsOf(lookup)
  },
  '@jridgewell/trace-mapping': () => {
    const map = new TraceMap(
      readFileSync(`${script}.map`, 'utf8'),
      pathToFileURL(`${script}.map`).href,
    )
    return starts.map(({ line, column }) => originalPositionFor(map, { line: line + 1, column }))
  },
}

globalThis.gc()
const loop = monitorEventLoopDelay({ resolution: 1 })
loop.enable()
// As long as a contender takes, for what the machine itself holds up.
await delay(300)
const idleLongestMs = loop.max / 1e6
const beforeBytes = process.memoryUsage().rss
const first = await timed()
const peakBytes = process.resourceUsage().maxRSS * 1024 - beforeBytes
loop.reset()
const again = await timed()
const answers = (await contenders[name]()).map(answerOf)
console.log(JSON.stringify({ ...first, peakBytes, againMs: again.wallMs, idleLongestMs, answers }))
await sourceMaps.close()

async function timed() {
  loop.reset()
  const start = process.cpuUsage()
  const before = performance.eventLoopUtilization()
  const startMs = performance.now()
  await contenders[name]()
  const wallMs = performance.now() - startMs
  // All that the loop did meanwhile: it was held up no longer than that.
  const activeMs = performance.eventLoopUtilization(before).active
  const { user, system } = process.cpuUsage(start)
  // The delay is known once the loop has turned.
  await delay(5)
  return { wallMs, cpuMs: (user + system) / 1000, longestMs: loop.max / 1e6, activeMs }
}

function inThisThread(script) {
  const request = {
    id: 1,
    root: '/proc/self/root',
    statusFile: '/proc/self/status',
    workingDirectory: '',
    scripts: [script],
    deadlineMs: Date.now() + 60_000,
  }
  return positionsOf(sourceLookup([script], findSources(request, caches)))
}

function positionsOf({ positionFor }) {
  return starts.map(({ line, column }) => positionFor(questions.url, line, column))
}

/** One form for all, not part of what is measured. */
function answerOf(found) {
  if (found?.source) return [found.source, found.line - 1, found.column]
  return found?.url ? [`file://${found.url}`, found.line, found.column] : null
}

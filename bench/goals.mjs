// `npm run bench goals`: each goal of goals-list.mjs with the figure of the last run of its benchmark.
import { goals } from './goals-list.mjs'
import { readTables, showTable } from './results.mjs'

/** Fewer have no interval. */
const minBlocks = 6

const results = new Map(goals.map(({ benchmark }) => [benchmark, readTables(benchmark)]))
const runs = [...results].flatMap(([benchmark, tables]) =>
  Object.entries(tables).map(([key, { date, arguments: words, machine, versions }]) => ({
    benchmark,
    table: key,
    date,
    arguments: words.join(' '),
    node: machine.node,
    commit: versions.commit,
    'load when it ended': machine.loadAverage[0].toFixed(1),
  })),
)
showTable('runs', 'what was run', runs)
showTable('goals', 'the goals', Object.fromEntries(goals.map((goal) => [goal.goal, rowOf(goal)])))

function rowOf({ benchmark, figure: path, rival: rivalPath, ...limits }) {
  const tables = results.get(benchmark)
  const figure = valueAt(tables, path)
  if (figure === undefined) return { figure: 'not run', rival: '', ratio: '', reached: '' }
  const rival = rivalPath && valueAt(tables, rivalPath)
  if (rivalPath && rival === undefined) {
    return { figure: textOf(figure), rival: 'not run', ratio: '', reached: '' }
  }
  const ratio = rival === undefined ? undefined : middleOf(figure) / middleOf(rival)
  return {
    figure: textOf(figure),
    rival: rival === undefined ? '' : textOf(rival),
    ratio: ratio?.toFixed(3) ?? '',
    reached: verdict(figure, rival, limits),
  }
}

/** Neither yes nor no where the limit is within the interval of an estimate, or there is none. */
function verdict(figure, rival, { atMost, atLeast, ofRivalAtMost, ofRivalAtLeast }) {
  const least = atLeast ?? ofRivalAtLeast
  const most = atMost ?? ofRivalAtMost
  const isRatio = (ofRivalAtMost ?? ofRivalAtLeast) !== undefined
  const by = isRatio ? rival : { median: 1, low: 1, high: 1 }
  if (figure.low !== undefined) {
    const isWithin = (limit) => limit > figure.low / by.high && limit < figure.high / by.low
    if (figure.count < minBlocks || isWithin(least ?? most)) return 'open'
  }
  const value = middleOf(figure) / middleOf(by)
  const isReached = least === undefined ? value <= most : value >= least
  return isReached ? 'yes' : 'no'
}

/** The first table whose key is, or begins with, the first word. */
function valueAt(tables, [table, ...keys]) {
  const found =
    tables[table] ?? Object.entries(tables).find(([key]) => key.startsWith(`${table},`))?.[1]
  return keys.reduce((value, key) => value?.[key], found?.rows) ?? undefined
}

function middleOf(value) {
  return Number(value?.median ?? value)
}

function textOf(value) {
  const { median, low, high, min, max } = value
  if (median === undefined) return String(round(Number(value)))
  if (low !== undefined) return `${round(median)} [${round(low)} to ${round(high)}]`
  return `${round(median)} (${round(min)} to ${round(max)})`
}

/** Three figures, which is more than most of them are good for. */
function round(value) {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value?.toPrecision(3))
}

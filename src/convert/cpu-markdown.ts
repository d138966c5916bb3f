/** A CPU recording on one page, for a person or an assistant who wants the answer and not the data. */
import { threadName } from './cpu-collapsed.ts'
import { runningStacks } from './cpu-parts.ts'
import { describeQuality, percent, seconds } from './cpu-quality.ts'
import type { CpuStacks } from './cpu-stacks.ts'
import { escapeMarkdown } from './escape-markdown.ts'
import type { Frame } from './frame.ts'
import { type FunctionTotals, functionTotals } from './function-totals.ts'

/** Rows of a table: what fits a screen. */
const maxRows = 20
const maxCallers = 3

export function cpuMarkdown(stacks: CpuStacks): Uint8Array {
  const totals = functionTotals(runningStacks(stacks))
  const { busyUs, functions } = totals
  const bySelf = functions.filter(({ selfUs }) => selfUs > 0).sort((a, b) => b.selfUs - a.selfUs)
  const byTotal = functions.toSorted((a, b) => b.totalUs - a.totalUs)
  const lines = [
    `# CPU profile of ${escapeMarkdown(stacks.recording.target.name)}`,
    '',
    `Started ${new Date(stacks.recording.startedAtMs).toISOString()}. The threads ran code for ${seconds(busyUs / 1000)}; percentages are of that.`,
    '',
    ...(bySelf.length === 0 ? ['No sample hit running code: the target was idle.', ''] : []),
    ...table('Hottest functions by their own time', bySelf, busyUs),
    ...table('Hottest functions with what they call', byTotal, busyUs),
    ...threadTable(stacks, totals.threadBusyUs),
    '## Quality of the recording',
    '',
    ...describeQuality(stacks).map((line) => `- ${escapeMarkdown(line)}`),
  ]
  return Buffer.from(`${lines.join('\n')}\n`)
}

function table(title: string, rows: readonly FunctionTotals[], busyUs: number): readonly string[] {
  if (rows.length === 0) return []
  return [
    `## ${title}`,
    '',
    '| self | total | function | where | main callers |',
    '|---:|---:|---|---|---|',
    ...rows.slice(0, maxRows).map((row) => {
      const callers = row.callers.slice(0, maxCallers).map(({ frame, us }) => {
        return `${escapeMarkdown(frame.name)} (${percent(us / row.totalUs)})`
      })
      const shares = `${percent(row.selfUs / busyUs)} | ${percent(row.totalUs / busyUs)}`
      return `| ${shares} | ${escapeMarkdown(row.frame.name)} | ${where(row.frame)} | ${callers.join(', ')} |`
    }),
    '',
  ]
}

function threadTable(stacks: CpuStacks, busyUs: readonly number[]): readonly string[] {
  return [
    '## Threads',
    '',
    '| thread | samples | busy |',
    '|---|---:|---:|',
    ...stacks.threads.map((thread, index) => {
      const busy = seconds((busyUs[index] ?? 0) / 1000)
      return `| ${escapeMarkdown(threadName(thread))} | ${thread.sampleCount} | ${busy} of ${seconds(thread.durationUs / 1000)} |`
    }),
    '',
  ]
}

function where({ file, line, origin }: Frame): string {
  if (file === '') return origin
  return escapeMarkdown(`${file}:${line}`)
}

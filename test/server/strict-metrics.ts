// Reads Prometheus' text format 0.0.4 and refuses what the specification and `promtool check metrics` do
// (prometheus/client_golang, testutil/promlint): https://prometheus.io/docs/instrumenting/exposition_formats/

export interface MetricSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

interface Family {
  readonly name: string
  help: string | undefined
  type: string | undefined
  readonly samples: MetricSample[]
}

/** Every sample. @throws {Error} that names the line, or the metric and the rule. */
export function parseMetrics(text: string): readonly MetricSample[] {
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  const families = new Map<string, Family>()
  let current: Family | undefined
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue
    const head = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line)
    if (head !== null) {
      const [, what, name = '', rest = ''] = head
      if (current?.name !== name) {
        if (families.has(name)) throw new Error(`${name} is split or appears twice`)
        current = { name, help: undefined, type: undefined, samples: [] }
        families.set(name, current)
      }
      if (what === 'HELP') current.help = rest
      else if (!/^(counter|gauge|histogram|summary|untyped)$/.test(rest)) throw new Error(line)
      else current.type = rest
      continue
    }
    const sample = parseSample(line)
    if (current === undefined || !belongs(sample, current)) throw new Error(`no family: ${line}`)
    current.samples.push(sample)
  }
  for (const family of families.values()) lint(family)
  return [...families.values()].flatMap(({ samples }) => samples)
}

function parseSample(line: string): MetricSample {
  const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/.exec(line)
  if (match === null) throw new Error(`no sample: ${line}`)
  const [, name = '', text = '', number = ''] = match
  const labels: Record<string, string> = {}
  let rest = text
  while (rest !== '') {
    const pair = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\n"])*)"(?:,|$)/.exec(rest)
    if (pair === null) throw new Error(`labels: ${line}`)
    const [whole, key = '', value = ''] = pair
    if (key in labels || key.startsWith('__')) throw new Error(`label ${key}: ${line}`)
    labels[key] = value.replace(/\\(.)/g, (_, char) => (char === 'n' ? '\n' : char))
    rest = rest.slice(whole.length)
  }
  const value = number === '+Inf' ? Number.POSITIVE_INFINITY : Number(number)
  if (Number.isNaN(value)) throw new Error(`value: ${line}`)
  return { name, labels, value }
}

function belongs({ name }: MetricSample, family: Family): boolean {
  if (family.type !== 'histogram') return name === family.name
  return [`${family.name}_bucket`, `${family.name}_sum`, `${family.name}_count`].includes(name)
}

const units =
  /(?:^|_)(?:ms|milliseconds?|microseconds?|minutes|hours|kb|mb|kilobytes|percent)(?:_|$)/

function lint({ name, help, type, samples }: Family): void {
  const wrong = (rule: string) => new Error(`${name}: ${rule}`)
  if (help === undefined || type === undefined) throw wrong('no HELP or no TYPE')
  if ((type === 'counter') !== name.endsWith('_total')) throw wrong('_total is for counters')
  if (type !== 'histogram' && /_(count|sum|bucket)$/.test(name)) throw wrong('reserved suffix')
  if (/_(counter|gauge|histogram|summary)(_|$)/.test(name)) throw wrong('its type in its name')
  if (/[A-Z:]/.test(name)) throw wrong('camel case or colon')
  if (units.test(name)) throw wrong('not a base unit')
  const keys = samples.map(({ name, labels }) =>
    JSON.stringify([name, Object.entries(labels).sort()]),
  )
  if (new Set(keys).size !== keys.length) throw wrong('a series appears twice')
  for (const { labels, value } of samples) {
    if (Object.keys(labels).some((key) => /[A-Z]/.test(key))) throw wrong('a label in camel case')
    if (type !== 'histogram' && 'le' in labels) throw wrong('le is for histograms')
    if (type === 'counter' && value < 0) throw wrong('a counter below zero')
  }
}

// A minified bundle on one line with its map, some 10 MB: what a bundler makes of 820 files.
const sources = 820
const functionsPerSource = 40
const statementsPerFunction = 16

const base64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** `starts`: where V8 says that the functions begin, and what it calls them. */
export function syntheticBundle(scriptName) {
  const parts = []
  const segments = []
  const names = []
  const starts = []
  const before = [0, 0, 0, 0, 0]
  let column = 0
  const add = (text, ...original) => {
    const fields = [column, ...original]
    segments.push(fields.map((value, field) => vlq(value - before[field])).join(''))
    for (const [field, value] of fields.entries()) before[field] = value
    parts.push(text)
    column += text.length
  }
  for (let source = 0; source < sources; source++) {
    for (let index = 0; index < functionsPerSource; index++) {
      const line = index * (statementsPerFunction + 2)
      const name = `f${names.length.toString(36)}`
      names.push(`computeTotalOf${names.length}`)
      add('function ', source, line, 0)
      add(name, source, line, 9, names.length - 1)
      starts.push({ line: 0, column, functionName: name })
      add('(a,b){', source, line, 24)
      for (let statement = 1; statement <= statementsPerFunction; statement++) {
        add('a+=b', source, line + statement, 4)
        add('*7;', source, line + statement, 13)
      }
      add('}', source, line + statementsPerFunction + 1, 0)
    }
  }
  const line = '    total += amount.value * rate // of the cart, with taxes\n'
  const content = line.repeat(functionsPerSource * (statementsPerFunction + 2)).slice(0, 4000)
  const map = {
    version: 3,
    sources: Array.from(
      { length: sources },
      (_, index) => `../src/part${index % 80}/module${index}.ts`,
    ),
    sourcesContent: new Array(sources).fill(content),
    names,
    mappings: segments.join(','),
  }
  const script = `${parts.join('')}\n//# sourceMappingURL=${scriptName}.map\n`
  return { script, map: JSON.stringify(map), starts }
}

function vlq(value) {
  let rest = value < 0 ? (-value << 1) | 1 : value << 1
  let text = ''
  do {
    text += base64[rest > 31 ? (rest & 31) | 32 : rest]
    rest >>>= 5
  } while (rest > 0)
  return text
}

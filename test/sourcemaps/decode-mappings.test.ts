import t from 'tap'
import { decodeMappings, MappingQuestions } from '../../src/sourcemaps/decode-mappings.ts'

type Segment = readonly [
  column: number,
  source?: number,
  line?: number,
  original?: number,
  name?: number,
]

/** Generated lines of segments with absolute numbers, as the specification encodes them. */
function encode(lines: readonly (readonly Segment[])[]): string {
  let before = [0, 0, 0, 0, 0]
  return lines
    .map((segments) => {
      before = [0, ...before.slice(1)]
      return segments.map((segment) => {
        const digits = segment.map((value = 0, field) => vlq(value - (before[field] ?? 0)))
        before = before.map((value, field) => segment[field] ?? value)
        return digits.join('')
      })
    })
    .map((segments) => segments.join(','))
    .join(';')
}

const base64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

function vlq(value: number): string {
  let rest = value < 0 ? (-value << 1) | 1 : value << 1
  let text = ''
  do {
    const digit = rest & 31
    rest >>>= 5
    text += base64[rest > 0 ? digit | 32 : digit]
  } while (rest > 0)
  return text
}

function answers(text: string, questions: readonly (readonly [number, number])[]) {
  const asked = new MappingQuestions(
    Int32Array.from(questions, ([line]) => line),
    Int32Array.from(questions, ([, column]) => column),
  )
  const bytes = Buffer.from(text)
  decodeMappings(bytes, 0, bytes.length, asked, Number.POSITIVE_INFINITY)
  return questions.map((_question, index) => {
    if ((asked.sources[index] ?? -1) < 0) return undefined
    return [
      asked.sources[index],
      asked.originalLines[index],
      asked.originalColumns[index],
      asked.names[index],
    ]
  })
}

t.test('the last segment at or before a position answers', (t) => {
  const text = encode([[[4, 0, 10, 2], [8, 1, 20, 0, 3], [12], [16, 0, 5, 1]], [], [[0, 0, 6, 0]]])
  const cases: readonly (readonly [question: readonly [number, number], answer: unknown])[] = [
    [
      [0, -1],
      [0, 10, 2, -1],
    ],
    [[0, 0], undefined],
    [[0, 3], undefined],
    [
      [0, 4],
      [0, 10, 2, -1],
    ],
    [
      [0, 7],
      [0, 10, 2, -1],
    ],
    [
      [0, 8],
      [1, 20, 0, 3],
    ],
    [[0, 13], undefined],
    [
      [0, 99],
      [0, 5, 1, -1],
    ],
    [[1, 0], undefined],
    [
      [2, 0],
      [0, 6, 0, -1],
    ],
    [
      [2, 50],
      [0, 6, 0, -1],
    ],
    [[3, 0], undefined],
  ]
  t.strictSame(
    answers(
      text,
      cases.map(([question]) => question),
    ),
    cases.map(([, answer]) => answer),
  )
  t.end()
})

t.test('segments may be in any order, and several at one column', (t) => {
  const text = encode([[[9, 0, 9, 0], [3, 0, 3, 0], [6, 0, 6, 0], [6, 0, 7, 0], [1], [0, 0, 1, 1]]])
  t.strictSame(
    answers(text, [
      [0, -1],
      [0, 0],
      [0, 2],
      [0, 5],
      [0, 6],
      [0, 8],
      [0, 10],
    ]),
    [
      [0, 1, 1, -1],
      [0, 1, 1, -1],
      undefined,
      [0, 3, 0, -1],
      [0, 6, 0, -1],
      [0, 7, 0, -1],
      [0, 9, 0, -1],
    ],
  )
  t.end()
})

const spreads = {
  'far apart': { count: 8, column: 5000, line: 90_000, original: 300 },
  // Numbers of a digit each, mostly.
  'close together': { count: 400, column: 1000, line: 9, original: 12 },
}

for (const [what, spread] of Object.entries(spreads)) {
  t.test(`segments ${what} answer as a search in all of them does`, (t) => {
    let seed = 1
    const random = (below: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
      return (seed >> 8) % below
    }
    const segment = (column: number): Segment => {
      const kind = random(12)
      if (kind === 0) return [column]
      const original = [random(4), random(spread.line), random(spread.original)] as const
      return kind === 1 ? [column, ...original, random(40)] : [column, ...original]
    }
    const lines = Array.from({ length: 1000 }, () => {
      const columns = Array.from({ length: random(spread.count) }, () => random(spread.column))
      return [...new Set(columns)].sort((a, b) => a - b).map(segment)
    })
    const questions = Array.from({ length: 3000 }, () => {
      return [random(1010), random(spread.column * 1.2)] as const
    })
    questions.sort((a, b) => a[0] - b[0] || a[1] - b[1])
    const searched = questions.map(([line, column]) => {
      const [, ...original] = lines[line]?.findLast(([at]) => at <= column) ?? []
      return original.length > 0 ? [...original, -1].slice(0, 4) : undefined
    })
    t.strictSame(answers(encode(lines), questions), searched)
    t.ok(searched.filter(Boolean).length > 500)
    t.end()
  })
}

import t from 'tap'
import {
  type CpuFormat,
  cpuFormats,
  encodeCpuProfile,
  formatOfFile,
} from '../../src/convert/cpu-formats.ts'
import type { CpuRecording } from '../../src/convert/cpu-recording.ts'
import { fixture, fixtureNames, profileOf, recordingOf } from './recordings.ts'

const app = 'file:///srv/shop/src/app.js'

async function text(recording: CpuRecording, format: CpuFormat): Promise<string> {
  return Buffer.from((await encodeCpuProfile(recording, format)).bytes).toString()
}

const tree = {
  name: 'serve',
  url: app,
  line: 1,
  hits: 1,
  calls: [
    { name: 'a;b\nc', url: app, line: 5, hits: 2 },
    {
      name: '',
      url: app,
      line: 8,
      hits: 3,
      calls: [{ name: 'serve', url: app, line: 1, hits: 1 }],
    },
  ],
}
const sketch = profileOf({ name: '(idle)', hits: 2 }, tree, { name: '(program)', hits: 1 })

t.test('the extension of a file picks the format', async (t) => {
  const cases: Readonly<Record<string, CpuFormat | undefined>> = {
    'cpu.pb.gz': 'pprof',
    'CPU.PPROF': 'pprof',
    './a.b/cpu.pb': 'pprof',
    'x.cpuprofile': 'cpuprofile',
    'x.speedscope.json': 'speedscope',
    'x.collapsed': 'collapsed',
    'x.folded': 'collapsed',
    'x.txt': 'collapsed',
    'x.md': 'markdown',
    'x.json': undefined,
    '-': undefined,
  }
  for (const [name, format] of Object.entries(cases)) t.equal(formatOfFile(name), format, name)
})

t.test('every format gives its content type and extension, and only pprof symbols', async (t) => {
  for (const [format, { contentType, extension }] of Object.entries(cpuFormats)) {
    const name = formatOfFile(`x${extension}`)
    if (name === undefined) throw new Error(`${extension} means no format`)
    t.equal(name, format)
    const encoded = await encodeCpuProfile(recordingOf({ main: sketch }), name)
    t.match(encoded, { contentType, extension })
    t.equal(encoded.symbols.length > 0, format === 'pprof')
  }
})

t.test('.cpuprofile is what V8 sent, and of one thread only', async (t) => {
  t.equal(
    await text(recordingOf({ main: fixture('node20') }), 'cpuprofile'),
    String(fixture('node20')),
  )
  const two = recordingOf({ main: sketch, worker: sketch })
  await t.rejects(encodeCpuProfile(two, 'cpuprofile'), {
    code: 'parameter-invalid',
    message: /cpuprofile holds one thread.*pprof/,
  })
})

t.test('folded stacks count samples and escape what separates', async (t) => {
  t.equal(
    await text(recordingOf({ main: sketch }), 'collapsed'),
    [
      'src/app.serve 1',
      'src/app.serve;src/app.a:b\ufffdc 2',
      'src/app.serve;src/app.(anonymous:9:9) 3',
      'src/app.serve;src/app.(anonymous:9:9);src/app.serve 1',
      '(program) 1',
      '',
    ].join('\n'),
  )
  const two = await text(recordingOf({ main: sketch, 'w;1': sketch }), 'collapsed')
  t.match(two, /^main \(pid 4711\);src\/app\.serve 1$/m)
  t.match(two, /^w:1 \(pid 4711\);\(program\) 1$/m)
})

t.test('folded stacks of an idle target are empty', async (t) => {
  t.equal(await text(recordingOf({ main: fixture('idle') }), 'collapsed'), '')
})

t.test('speedscope shows the order of time, with gaps where the thread was idle', async (t) => {
  const file = JSON.parse(await text(recordingOf({ main: sketch }), 'speedscope'))
  t.match(file, {
    $schema: 'https://www.speedscope.app/file-format-schema.json',
    name: 'shop (pid 4711), CPU',
    shared: {
      frames: [
        { name: '(idle)' },
        { name: 'src/app.serve', file: '/srv/shop/src/app.js', line: 2, col: 2 },
      ],
    },
  })
  const [profile] = file.profiles
  t.match(profile, {
    type: 'sampled',
    unit: 'microseconds',
    name: 'main (pid 4711)',
    startValue: 0,
    endValue: 110_000,
  })
  t.same(profile.samples, [[], [], [], [1], [1, 2], [1, 2], [1, 3], [1, 3], [1, 3], [1, 3, 1], [4]])
  t.same(
    profile.weights,
    Array.from({ length: 11 }, () => 10_000),
  )
})

for (const name of fixtureNames) {
  t.test(`speedscope's weights of ${name} add up to the recording`, async (t) => {
    const file = JSON.parse(
      await text(recordingOf({ main: fixture(name), other: sketch }), 'speedscope'),
    )
    t.equal(file.profiles.length, 2)
    for (const { samples, weights, endValue } of file.profiles) {
      t.equal(samples.length, weights.length)
      t.equal(
        weights.reduce((a: number, b: number) => a + b, 0),
        endValue,
      )
      t.ok(samples.flat().every((frame: number) => frame < file.shared.frames.length))
    }
  })
}

t.test('the summary names the hottest functions, where they are and who calls them', async (t) => {
  const page = await text(recordingOf({ main: sketch }), 'markdown')
  t.match(page, /^# CPU profile of shop$/m)
  t.match(page, /ran code for 0\.08 s/)
  const anonymous =
    '| 37.5 % | 50.0 % | src/app.(anonymous:9:9) | /srv/shop/src/app.js:9 | src/app.serve (100.0 %) |'
  t.match(page, anonymous)
  t.match(page, '| 25.0 % | 87.5 % | src/app.serve | /srv/shop/src/app.js:2 |  |')
  t.match(page, '| main (pid 4711) | 10 | 0.08 s of 0.11 s |')
  t.match(page, '- rate: 200 Hz asked, 90.9 Hz achieved, 10 samples')
  t.match(page, /- idle: 20\.0 % of the sampled time/)
  t.match(page, /- warning: the sampler took 10 of about 22 samples/)
  t.notMatch(page, '(root)')
})

t.test('the summary says so when the target was idle', async (t) => {
  const page = await text(recordingOf({ main: fixture('idle') }), 'markdown')
  t.match(page, 'No sample hit running code: the target was idle.')
  t.match(page, '- idle: 100.0 % of the sampled time')
  t.notMatch(page, 'NaN')
})

t.test('names of the target are no markup in the summary', async (t) => {
  const name = '<img src=x onerror=alert(1)>|[a](https://evil.example)`*_'
  const page = await text(
    recordingOf({ main: profileOf({ name, url: app, line: 1, hits: 1 }) }),
    'markdown',
  )
  t.match(
    page,
    'src/app.&lt;img src=x onerror=alert(1)&gt;\\|\\[a\\](https:\\/\\/evil.example)\\`\\*\\_ |',
  )
})

import t, { type Test } from 'tap'
import { checkValid } from '../../src/pprof/check-valid.ts'
import { decodeProfile } from '../../src/pprof/decode-profile.ts'
import { startDaemon } from '../fixtures/support/daemon.ts'
import { type Answer, get, profileUrl, spawnProfilable } from './profilable.ts'

t.setTimeout(120_000)

interface FormatCase {
  readonly format: string
  readonly contentType: string
  readonly file: RegExp
  readonly check: (t: Test, answer: Answer, pid: number) => void
}

const cases: readonly FormatCase[] = [
  {
    format: 'pprof',
    contentType: 'application/octet-stream',
    file: /^profile$/,
    check: (t, { bytes }, pid) => {
      const profile = decodeProfile(bytes)
      t.same(checkValid(bytes, { nowMs: Date.now() }), [])
      t.ok(profile.functions.some(({ name }) => name.endsWith('burnSixty')))
      t.same(
        profile.sampleTypes.map(({ type, unit }) => `${type}/${unit}`),
        ['samples/count', 'cpu/nanoseconds'],
      )
      const labels = new Map(profile.samples[0]?.labels.map((label) => [label.key, label]))
      t.equal(labels.get('thread')?.str, 'main')
      t.equal(labels.get('pid')?.str, String(pid))
    },
  },
  {
    format: 'cpuprofile',
    contentType: 'application/json; charset=utf-8',
    file: /^profile-\d+\.cpuprofile$/,
    check: (t, { text }) => {
      const profile = JSON.parse(text)
      t.ok(profile.nodes.length > 3)
      t.equal(profile.samples.length, profile.timeDeltas.length)
      t.ok(profile.endTime > profile.startTime)
    },
  },
  {
    format: 'speedscope',
    contentType: 'application/json; charset=utf-8',
    file: /^profile-\d+\.speedscope\.json$/,
    check: (t, { text }) => {
      const file = JSON.parse(text)
      t.equal(file.$schema, 'https://www.speedscope.app/file-format-schema.json')
      t.equal(file.profiles.length, 1)
    },
  },
  {
    format: 'collapsed',
    contentType: 'text/plain; charset=utf-8',
    file: /^profile-\d+\.collapsed$/,
    check: (t, { text }) => {
      for (const line of text.trimEnd().split('\n')) t.match(line, /^\S.* \d+$/)
    },
  },
  {
    format: 'markdown',
    contentType: 'text/markdown; charset=utf-8',
    file: /^profile-\d+\.md$/,
    check: (t, { text }) => t.match(text, /^# /),
  },
]

t.test('format= answers in every format, of a process and of the daemon itself', async (t) => {
  const daemon = await startDaemon(t)
  const target = await spawnProfilable(t, 'busy.mjs')
  for (const { format, contentType, file, check } of cases) {
    await t.test(format, async (t) => {
      const answer = await get(profileUrl(daemon.url, target, `seconds=1&format=${format}`))
      t.equal(answer.status, 200, answer.status === 200 ? '' : answer.text)
      t.equal(answer.headers.get('content-type'), contentType)
      const disposition = answer.headers.get('content-disposition') ?? ''
      t.match(/^attachment; filename="(.+)"$/.exec(disposition)?.[1], file)
      t.equal(answer.headers.get('x-content-type-options'), 'nosniff')
      t.equal(answer.headers.get('x-pprofd-pid'), String(target.pid))
      t.match(answer.headers.get('x-pprofd-start-pause-ms'), /^[\d.]+$/)
      if (format !== 'pprof') t.match(answer.text, /burnSixty/)
      check(t, answer, target.pid)
    })
  }
  const self = await get(profileUrl(daemon.url, 'self', 'seconds=1'))
  t.equal(self.status, 200)
  t.same(checkValid(self.bytes), [])
})

t.test('an idle target gives a valid profile without samples', async (t) => {
  const daemon = await startDaemon(t)
  const target = await spawnProfilable(t, 'idle.mjs')
  for (const { format } of cases) {
    const answer = await get(profileUrl(daemon.url, target, `seconds=1&format=${format}`))
    t.equal(answer.status, 200, format)
    if (format === 'pprof') t.same(checkValid(answer.bytes), [])
  }
})

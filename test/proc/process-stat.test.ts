import { readFile } from 'node:fs/promises'
import t from 'tap'
import { type ProcessStat, parseProcessStat, readProcessStat } from '../../src/proc/process-stat.ts'
import { fakeProc } from './fake-proc.ts'

/** The fields after comm, as a kernel 6.18 printed them; flags is field 9, the start time field 22. */
function statText(comm: string, { state = 'S', flags = '4194304', start = '12345' } = {}): string {
  return `42 (${comm}) ${state} 7 42 42 0 -1 ${flags} 100 0 0 0 5 2 0 0 20 0 11 0 ${start} 1 2 3\n`
}

const plain: ProcessStat = {
  comm: 'node',
  state: 'S',
  parentPid: 7,
  isKernelThread: false,
  isExiting: false,
  startTimeTicks: 12345n,
}

const cases: readonly { title: string; text: string; expected: ProcessStat | undefined }[] = [
  { title: 'a plain process', text: statText('node'), expected: plain },
  {
    title: 'a name with parentheses and blanks',
    text: statText('a) S 1 (b c'),
    expected: { ...plain, comm: 'a) S 1 (b c' },
  },
  {
    title: 'a name that ends with a parenthesis',
    text: statText('x)'),
    expected: { ...plain, comm: 'x)' },
  },
  { title: 'an empty name', text: statText(''), expected: { ...plain, comm: '' } },
  {
    title: 'a name with a line break',
    text: statText('a\nb'),
    expected: { ...plain, comm: 'a\nb' },
  },
  {
    title: 'a zombie',
    text: statText('node', { state: 'Z' }),
    expected: { ...plain, state: 'Z' },
  },
  {
    title: 'a kernel thread',
    text: statText('kworker/0:1', { flags: '69238880' }),
    expected: { ...plain, comm: 'kworker/0:1', isKernelThread: true },
  },
  {
    title: 'a process that is ending',
    text: statText('node', { state: 'R', flags: '4194308' }),
    expected: { ...plain, state: 'R', isExiting: true },
  },
  {
    title: 'a start time beyond 2^53',
    text: statText('node', { start: '18446744073709551615' }),
    expected: { ...plain, startTimeTicks: 18446744073709551615n },
  },
  { title: 'no parentheses', text: '42 node S 7', expected: undefined },
  { title: 'parentheses in the wrong order', text: '42 )node( S 7', expected: undefined },
  { title: 'too few fields', text: '42 (node) S 7 42 42', expected: undefined },
  {
    title: 'a start time that is no number',
    text: statText('node', { start: '-1' }),
    expected: undefined,
  },
  { title: 'nothing', text: '', expected: undefined },
]

for (const { title, text, expected } of cases) {
  t.test(`reads ${title}`, async (t) => {
    t.strictSame(parseProcessStat(text), expected)
  })
}

t.test('knows the own process', async (t) => {
  const stat = await readProcessStat(process.pid)
  t.match(stat, { parentPid: process.ppid, isKernelThread: false, state: /^[RS]$/ })
  const uptimeSeconds = Number((await readFile('/proc/uptime', 'utf8')).split(' ')[0])
  // 100 clock ticks a second is what Linux shows to programs on every platform of ours.
  const startedSeconds = Number(stat?.startTimeTicks) / 100
  const ageSeconds = uptimeSeconds - startedSeconds
  t.ok(Math.abs(ageSeconds - process.uptime()) < 5, `${ageSeconds} s old`)
})

t.test('a pid without a process is undefined, an unreadable file is an error', async (t) => {
  t.equal(await readProcessStat(2 ** 22 + 1), undefined)
  const root = fakeProc(t, { 7: { stat: statText('node'), 'status/x': '' } })
  t.match(await readProcessStat(7, root), { comm: 'node' })
  const { readProcessStatus } = await import('../../src/proc/process-status.ts')
  await t.rejects(readProcessStatus(7, root), { code: 'EISDIR' })
})

import t from 'tap'
import { parseProcessStatus } from '../../src/proc/process-status.ts'
import { judgeSignal } from '../../src/targets/signal-disposition.ts'

const sigusr1 = 0x200n
const others = 0xffff_ffff_ffff_fdffn

interface Case {
  readonly title: string
  readonly caught: bigint
  readonly blocked: bigint
  readonly flags?: readonly string[]
  readonly ok: boolean
  readonly detail: RegExp
  readonly mayChange?: boolean
}

const cases: readonly Case[] = [
  { title: 'a Node', caught: sigusr1, blocked: 0n, ok: true, detail: /handles SIGUSR1/ },
  {
    title: 'a Node that catches much and blocks all but it',
    caught: sigusr1 | 0x4602n,
    blocked: others,
    ok: true,
    detail: /handles/,
  },
  {
    title: 'no handler, no block',
    caught: others,
    blocked: others,
    ok: false,
    detail: /would kill process 7/,
  },
  {
    title: '--disable-sigusr1, or a start',
    caught: 0n,
    blocked: sigusr1,
    ok: false,
    detail: /--disable-sigusr1/,
    mayChange: true,
  },
  {
    title: 'caught and blocked',
    caught: sigusr1,
    blocked: sigusr1,
    ok: false,
    detail: /blocks SIGUSR1/,
  },
  ...['--permission', '--experimental-permission'].map((flag) => ({
    title: flag,
    caught: 0n,
    blocked: sigusr1,
    flags: ['node', flag],
    ok: false,
    detail: /permission model/,
    mayChange: true,
  })),
  {
    title: 'a flag of the application that is called like one of Node',
    caught: sigusr1,
    blocked: 0n,
    flags: ['node', 'app.js', '--permission'],
    ok: true,
    detail: /handles/,
  },
]

for (const { title, caught, blocked, flags = [], ok, detail, mayChange = false } of cases) {
  t.test(`${title}: ${ok ? 'may be signalled' : 'is not signalled'}`, async (t) => {
    const masks = `SigBlk:\t${blocked.toString(16)}\nSigCgt:\t${caught.toString(16)}`
    const status = parseProcessStatus(`Pid:\t7\nUid:\t0\t0\t0\t0\n${masks}\n`)
    const verdict = judgeSignal(7, status, flags)
    t.match(verdict, { check: { name: 'signal', ok, detail }, mayChange })
  })
}

t.test('a process that is gone is not signalled', async (t) => {
  t.match(judgeSignal(7, undefined, []), { check: { ok: false, detail: 'process 7 has ended' } })
})

import t from 'tap'
import { parseProcessStatus, readProcessStatus } from '../../src/proc/process-status.ts'

const complete = `Name:\tnode
Umask:\t0022
State:\tS (sleeping)
Pid:\t4242
TracerPid:\t0
Uid:\t1000\t1001\t1002\t1003
Gid:\t1000\t1000\t1000\t1000
NSpid:\t4242\t77\t5
SigBlk:\t0000000000000200
SigCgt:\t0000000108004602
`

function without(field: string): string {
  return complete.replace(new RegExp(`^${field}:.*\n`, 'm'), '')
}

const parsed = {
  uid: 1001,
  hasMixedUids: true,
  innermostPid: 5,
  caughtSignals: 0x108004602n,
  blockedSignals: 0x200n,
  tracerPid: 0,
}

t.test('reads the effective uid, the innermost pid and the masks', async (t) => {
  t.match(parseProcessStatus(complete), parsed)
})

t.test('a process is of one user where all its uids are the same', async (t) => {
  for (const [uids, hasMixedUids] of [
    ['7\t7\t7\t7', false],
    ['8\t7\t7\t7', true],
    ['7\t7\t8\t7', true],
    ['7\t7\t7\t8', true],
  ] as const) {
    const status = parseProcessStatus(complete.replace(/^Uid:.*$/m, `Uid:\t${uids}`))
    t.match(status, { uid: 7, hasMixedUids }, uids)
  }
})

t.test('takes Pid where the kernel has no NSpid', async (t) => {
  t.match(parseProcessStatus(without('NSpid')), { ...parsed, innermostPid: 4242 })
})

t.test('reads a tracer, and takes a missing one for none', async (t) => {
  const traced = complete.replace('TracerPid:\t0', 'TracerPid:\t99')
  t.equal(parseProcessStatus(traced)?.tracerPid, 99)
  t.equal(parseProcessStatus(without('TracerPid'))?.tracerPid, 0)
})

t.test('a name cannot smuggle in fields: the kernel escapes its line breaks', async (t) => {
  const named = complete.replace('Name:\tnode', 'Name:\ta\\nUid:\t0\t0')
  t.equal(parseProcessStatus(named)?.uid, 1001)
})

for (const field of ['Uid', 'SigCgt', 'SigBlk']) {
  t.test(`is undefined without ${field}`, async (t) => {
    t.equal(parseProcessStatus(without(field)), undefined)
  })
}

t.test('is undefined for garbage', async (t) => {
  for (const text of ['', ':', 'Uid', '\0\0\0', 'Uid:\nSigCgt:\nSigBlk:\nPid:\n']) {
    t.equal(parseProcessStatus(text), undefined, JSON.stringify(text))
  }
})

t.test('knows the own process', async (t) => {
  const status = await readProcessStatus(process.pid)
  t.equal(status?.uid, process.geteuid?.())
  t.equal(status?.innermostPid, process.pid)
  const sigusr1 = 1n << 9n
  t.equal((status?.caughtSignals ?? 0n) & sigusr1, sigusr1, 'Node catches SIGUSR1')
  t.equal((status?.blockedSignals ?? sigusr1) & sigusr1, 0n)
})

t.test('a pid without a process is undefined', async (t) => {
  t.equal(await readProcessStatus(2 ** 22 + 1), undefined)
})

import { readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { readProcessStat } from '../../src/proc/process-stat.ts'
import { Ledger, type LedgerEntry } from '../../src/targets/ledger.ts'
import { listeningPorts } from '../fixtures/support/listeners.ts'
import { temporaryFolder } from '../proc/temporary-folder.ts'
import { isAsBefore, newTargets, spawnObedient, targetOf, until } from './new-targets.ts'

const entry: LedgerEntry = {
  pid: 7,
  startTimeTicks: 2n ** 60n,
  bootId: 'boot',
  owner: { pid: 8, startTimeTicks: 9n },
  openedAtMs: 10,
  originalPort: 9229,
}

t.test('keeps what is written, readable by its user only, until it is erased', async (t) => {
  const folder = join(temporaryFolder(t), 'state', 'ledger')
  const ledger = new Ledger(folder)
  t.strictSame(await ledger.entries(), [])
  await ledger.write(entry)
  await ledger.write({ ...entry, inode: '55' })
  await ledger.write({ ...entry, pid: 77 })
  const inodes = new Map((await ledger.entries()).map(({ pid, inode }) => [pid, inode]))
  t.strictSame([...inodes].sort(), [
    [7, '55'],
    [77, undefined],
  ])
  t.match(
    (await ledger.entries()).find(({ pid }) => pid === 7),
    entry,
  )
  t.equal(statSync(folder).mode & 0o777, 0o700)
  for (const name of readdirSync(folder)) {
    t.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name)
  }
  await ledger.erase(entry)
  await ledger.erase(entry)
  t.match(await ledger.entries(), [{ pid: 77 }])
})

t.test('a draft counts when it is confirmed', async (t) => {
  const ledger = new Ledger(join(temporaryFolder(t), 'ledger'))
  await ledger.draft(entry)
  await ledger.draft({ ...entry, originalPort: 9230 })
  await ledger.draft({ ...entry, pid: 77 })
  t.strictSame(await ledger.entries(), [])
  await ledger.confirm(entry)
  t.match(await ledger.entries(), [{ pid: 7, originalPort: 9230 }])
  t.match(await ledger.drafts(), [{ pid: 77 }])
  await ledger.eraseDraft({ ...entry, pid: 77 })
  await ledger.eraseDraft(entry)
  t.strictSame(await ledger.drafts(), [])
  t.equal((await ledger.entries()).length, 1, 'the entry stays')
})

t.test('passes over what is no entry', async (t) => {
  const folder = temporaryFolder(t)
  const texts = ['', '{', 'null', '[]', '{"pid":1}', '{"pid":-1}', '{"pid":"x","owner":{}}']
  for (const [index, text] of texts.entries()) writeFileSync(join(folder, `${index}.json`), text)
  writeFileSync(join(folder, 'other.txt'), 'x')
  t.strictSame(await new Ledger(folder).entries(), [])
})

t.test('does not write through a link that somebody laid', async (t) => {
  const folder = temporaryFolder(t)
  const victim = join(temporaryFolder(t), 'victim')
  writeFileSync(victim, 'precious')
  const ledger = new Ledger(folder)
  await ledger.write(entry)
  const [name = ''] = readdirSync(folder)
  symlinkSync(victim, join(folder, `${name}.draft`))
  await ledger.write({ ...entry, inode: '1' })
  t.equal(statSync(victim).size, 'precious'.length)
})

t.test('without a folder nothing is kept', async (t) => {
  const ledger = new Ledger(undefined)
  await ledger.write(entry)
  await ledger.erase(entry)
  t.strictSame(await ledger.entries(), [])
})

t.test('what cannot be written down is not opened', async (t) => {
  const file = join(temporaryFolder(t), 'file')
  writeFileSync(file, '')
  const targets = newTargets(t, { stateFolder: join(file, 'ledger') })
  const spawned = await spawnObedient(t)
  await t.rejects(targets.attach(await targetOf(targets, spawned)), { message: /state folder/ })
  t.equal(spawned.stderr.text(), '', 'no signal was sent')
})

t.test('an inspector is in the ledger for as long as it is open', async (t) => {
  const stateFolder = temporaryFolder(t)
  const targets = newTargets(t, { stateFolder })
  const spawned = await spawnObedient(t)
  const attachment = await targets.attach(await targetOf(targets, spawned))
  t.match(await new Ledger(stateFolder).entries(), [{ pid: spawned.pid, inode: /^\d+$/ }])
  await attachment.detach()
  t.strictSame(await new Ledger(stateFolder).entries(), [])
})

/** An inspector that a pprofd opened and, as far as the ledger says, did not live to close. */
async function leftBehind(t: Test, change: (entry: LedgerEntry) => LedgerEntry) {
  const stateFolder = temporaryFolder(t)
  const spawned = await spawnObedient(t)
  const crashed = newTargets(t)
  const living = newTargets(t, { stateFolder })
  await living.attach(await targetOf(crashed, spawned))
  const ledger = new Ledger(stateFolder)
  for (const entry of await ledger.entries()) {
    await ledger.erase(entry)
    await ledger.write(change(entry))
  }
  return { spawned, ledger, next: newTargets(t, { stateFolder }) }
}

const ofDeadOwner = (entry: LedgerEntry) => ({
  ...entry,
  owner: { ...entry.owner, startTimeTicks: 1n },
})

async function startTime(): Promise<bigint> {
  return (await readProcessStat(process.pid))?.startTimeTicks ?? 0n
}

t.test('the next pprofd closes what a crashed one left open', async (t) => {
  for (const inodeKnown of [true, false]) {
    const { spawned, ledger, next } = await leftBehind(t, (entry) => {
      const { inode, ...rest } = ofDeadOwner(entry)
      return inodeKnown ? { ...rest, inode } : rest
    })
    t.equal((await listeningPorts(spawned.pid)).length, 1)
    await next.recover()
    t.ok(await until(() => next.inspectorsLeftOpen === 0))
    t.strictSame(await ledger.entries(), [])
    await isAsBefore(t, spawned)
  }
})

t.test('a draft that a crashed pprofd left closes nothing', async (t) => {
  const { spawned, ledger, next } = await leftBehind(t, ofDeadOwner)
  const [entry] = await ledger.entries()
  if (entry === undefined) throw new Error('nothing was left behind')
  await ledger.erase(entry)
  const living = { ...entry, owner: { ...entry.owner, startTimeTicks: await startTime() } }
  await ledger.draft(entry)
  await ledger.draft(living)
  await next.recover()
  t.equal(next.inspectorsLeftOpen, 0)
  t.equal((await listeningPorts(spawned.pid)).length, 1)
  t.strictSame(await ledger.drafts(), [living], 'that of a living one is left to it')
})

t.test('what a living pprofd opened is left to it', async (t) => {
  const { spawned, ledger, next } = await leftBehind(t, (entry) => entry)
  await next.recover()
  t.equal(next.inspectorsLeftOpen, 0)
  t.equal((await listeningPorts(spawned.pid)).length, 1)
  t.equal((await ledger.entries()).length, 1)
})

t.test('entries of another boot, or of another process, are forgotten', async (t) => {
  const changes = [
    (entry: LedgerEntry) => ({ ...ofDeadOwner(entry), bootId: 'another' }),
    (entry: LedgerEntry) => ({ ...ofDeadOwner(entry), startTimeTicks: 1n }),
    (entry: LedgerEntry) => ({ ...ofDeadOwner(entry), pid: 2 ** 22 + 1 }),
  ]
  for (const change of changes) {
    const { spawned, ledger, next } = await leftBehind(t, change)
    await next.recover()
    t.strictSame(await ledger.entries(), [])
    t.equal(next.inspectorsLeftOpen, 0)
    t.equal((await listeningPorts(spawned.pid)).length, 1, 'nothing of it was closed')
  }
})

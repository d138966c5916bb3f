import t from 'tap'
import { chooseDefault } from '../../src/targets/default-target.ts'
import type { Preflight, Target } from '../../src/targets/target.ts'
import { configured, newTargets, spawnObedient } from './new-targets.ts'

const someTargets = newTargets(t)
const self = await someTargets.resolve('self')
const ofSelf = await someTargets.preflight(self)

function target(id: string, pid: number, kind: Target['kind'] = 'process'): Target {
  return { ...self, id, name: `app-${id}`, kind, pid }
}

/** Targets whose id begins with `no` are not attachable. */
async function judge(target: Target): Promise<Preflight> {
  return { ...ofSelf, target, attachable: !target.id.startsWith('no') }
}

t.test('the only attachable process is the default', async (t) => {
  const all = [target('no-1', 1001), target('yes', 1002), target('self', process.pid, 'self')]
  t.match(await chooseDefault(all, judge, '/proc'), { id: 'yes' })
})

t.test('several are ambiguous, and all are named', async (t) => {
  const all = [target('a', 1001), target('b', 1002)]
  await t.rejects(chooseDefault(all, judge, '/proc'), {
    code: 'target-ambiguous',
    message: 'choose a target: a (app-a), b (app-b)',
  })
})

t.test('without any there is none, and pprofd itself does not count', async (t) => {
  const all = [target('no', 1001), target('self', process.pid, 'self')]
  await t.rejects(chooseDefault(all, judge, '/proc'), { code: 'target-unknown' })
})

t.test('what started pprofd does not count, such as npx', async (t) => {
  const all = [target('npx', process.ppid), target('app', 1001)]
  t.match(await chooseDefault(all, judge, '/proc'), { id: 'app' })
})

t.test('the configuration goes first', async (t) => {
  const { pid } = await spawnObedient(t)
  const shop = configured('shop', { pid })
  const off = configured('off', { pid: 1, enabled: false })
  const only = newTargets(t, { configured: [shop, off] })
  t.match(await only.resolve(undefined), { id: 'shop', pid }, 'its only enabled target')
  const chosen = newTargets(t, {
    configured: [shop, configured('other', { pid: 1 })],
    defaultTarget: 'shop',
  })
  t.match(await chosen.resolve(undefined), { id: 'shop' }, 'or its defaultTarget')
  const itself = newTargets(t, { configured: [shop], defaultTarget: 'self' })
  t.match(await itself.resolve(undefined), { kind: 'self', pid: process.pid })
  const unknown = newTargets(t, { defaultTarget: 'nowhere' })
  await t.rejects(unknown.resolve(undefined), { code: 'target-unknown' })
})

t.test('without discovery only configured targets are candidates', async (t) => {
  const { pid } = await spawnObedient(t)
  const entries = [configured('shop', { pid }), configured('gone', { pid: 2 ** 22 + 1 })]
  const targets = newTargets(t, { configured: entries, discover: false })
  t.match(await targets.resolve(undefined), { id: 'shop' })
  const nothing = newTargets(t, { discover: false })
  await t.rejects(nothing.resolve(undefined), { code: 'target-unknown', tryNext: 'pprofd ps' })
})

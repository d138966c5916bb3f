import t from 'tap'
import { serviceName, systemdUnit } from '../../src/targets/service-name.ts'
import { newTargets, spawnObedient, targetOf } from './new-targets.ts'

/** Everything that names a service, the strongest first. */
const sources: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['otel', { OTEL_SERVICE_NAME: 'otel' }],
  ['resource', { OTEL_RESOURCE_ATTRIBUTES: 'a=b,service.name=resource,c=d' }],
  ['datadog', { DD_SERVICE: 'datadog' }],
  ['pyroscope', { PYROSCOPE_APPLICATION_NAME: 'pyroscope' }],
  ['unit', {}],
  ['pm2', { pm_id: '0', name: 'pm2' }],
  ['pod', { KUBERNETES_SERVICE_HOST: '10.0.0.1', HOSTNAME: 'pod' }],
]

const environmentOf = (variables: Readonly<Record<string, string>>) =>
  new Map(Object.entries(variables))

t.test('of several names the one that is meant most deliberately wins', async (t) => {
  for (const [index, [expected]] of sources.entries()) {
    const known = sources.slice(index)
    const variables = Object.assign({}, ...known.map(([, each]) => each))
    const unit = known.some(([name]) => name === 'unit') ? 'unit.service' : undefined
    t.equal(serviceName(environmentOf(variables), unit), expected)
  }
  t.equal(serviceName(new Map(), undefined), undefined)
})

t.test('names are cleaned, and what is none is passed over', async (t) => {
  const cases: readonly (readonly [Readonly<Record<string, string>>, string | undefined])[] = [
    [{ OTEL_SERVICE_NAME: '', DD_SERVICE: 'next' }, 'next'],
    [{ OTEL_SERVICE_NAME: ' \t', DD_SERVICE: 'next' }, 'next'],
    [{ OTEL_SERVICE_NAME: 'a\n\x1b[31mb' }, 'a [31mb'],
    [{ OTEL_SERVICE_NAME: 'x'.repeat(1000) }, 'x'.repeat(100)],
    [{ OTEL_RESOURCE_ATTRIBUTES: 'service.name=my%20shop' }, 'my shop'],
    [{ OTEL_RESOURCE_ATTRIBUTES: ' service.name = shop ' }, undefined],
    [{ OTEL_RESOURCE_ATTRIBUTES: 'service.name=100%' }, '100%'],
    [{ OTEL_RESOURCE_ATTRIBUTES: 'service.name=a=b' }, 'a=b'],
    [{ OTEL_RESOURCE_ATTRIBUTES: 'service.namespace=x' }, undefined],
    [{ name: 'no-pm2' }, undefined],
    [{ HOSTNAME: 'no-pod' }, undefined],
  ]
  for (const [variables, expected] of cases) {
    t.equal(serviceName(environmentOf(variables), undefined), expected, JSON.stringify(variables))
  }
})

t.test('the unit is the innermost service of the cgroup', async (t) => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['0::/system.slice/shop.service\n', 'shop.service'],
    ['0::/system.slice/shop.service/app\n', 'shop.service'],
    ['12:cpu:/system.slice/shop.service\n0::/system.slice/shop.service\n', 'shop.service'],
    ['0::/user.slice/user-1000.slice/user@1000.service/app.slice/shop.service', 'shop.service'],
    ['0::/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope', undefined],
    ['0::/user.slice/user-1000.slice/session-1.scope', undefined],
    ['0::/', undefined],
    ['', undefined],
  ]
  for (const [cgroup, expected] of cases) t.equal(systemdUnit(cgroup), expected, cgroup)
})

t.test('a process is found by the name of its service, and two are told apart', async (t) => {
  const targets = newTargets(t)
  const name = `shop-${process.pid}-${Date.now()}`
  const first = await spawnObedient(t, { env: { OTEL_SERVICE_NAME: name } })
  t.match(await targets.resolve(name), { pid: first.pid, name, id: String(first.pid) })
  const second = await spawnObedient(t, { env: { pm_id: '1', name } })
  const pids = [first.pid, second.pid].sort((a, b) => a - b).join(', ')
  await t.rejects(targets.resolve(name), {
    code: 'target-ambiguous',
    message: `several processes are called ${name}, choose one by its pid: ${pids}`,
  })
  t.match(await targetOf(targets, second), { name })
  first.child.kill('SIGKILL')
  await first.waitForExit()
  t.match(await targets.resolve(name), { pid: second.pid }, 'the one that is left')
})

import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { PortWindows } from '../../src/targets/port-windows.ts'

/** A step that ends when it is told to, and writes down when it begins and ends. */
function steps() {
  const log: string[] = []
  const ends = new Map<string, (error?: Error) => void>()
  const step = (name: string) => async (): Promise<string> => {
    log.push(`${name} begins`)
    await new Promise<void>((resolve, reject) => {
      ends.set(name, (error) => (error === undefined ? resolve() : reject(error)))
    })
    log.push(`${name} ends`)
    return name
  }
  return { log, ends, step }
}

t.test('the same port of the same network is for one at a time', async (t) => {
  const windows = new PortWindows()
  const { log, ends, step } = steps()
  const results = Promise.all(['a', 'b', 'c'].map((name) => windows.run('net', 1, step(name))))
  for (const name of ['a', 'b', 'c']) {
    await turn()
    t.equal(log.at(-1), `${name} begins`)
    ends.get(name)?.()
  }
  t.strictSame(await results, ['a', 'b', 'c'])
  t.strictSame(log, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
})

t.test('other ports, other networks and port 0 do not wait', async (t) => {
  const windows = new PortWindows()
  const { log, ends, step } = steps()
  const all = [
    windows.run('net', 1, step('a')),
    windows.run('net', 2, step('b')),
    windows.run('other', 1, step('c')),
    windows.run('net', 0, step('d')),
    windows.run('net', 0, step('e')),
  ]
  await turn()
  t.strictSame(
    log.sort(),
    ['a', 'b', 'c', 'd', 'e'].map((name) => `${name} begins`),
  )
  for (const end of ends.values()) end()
  await Promise.all(all)
})

t.test('a failure is told to its caller, and the next one has its turn', async (t) => {
  const windows = new PortWindows()
  const { ends, step } = steps()
  const failing = windows.run('net', 1, step('a'))
  const next = windows.run('net', 1, step('b'))
  await turn()
  ends.get('a')?.(new Error('no'))
  await t.rejects(failing, { message: 'no' })
  await turn()
  ends.get('b')?.()
  t.equal(await next, 'b')
})

t.test('a hold keeps the next one waiting, not the caller', async (t) => {
  const windows = new PortWindows()
  let release = (): void => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const first = await windows.run('net', 1, async (hold) => {
    hold(held)
    return 'first'
  })
  t.equal(first, 'first')
  let begun = false
  const next = windows.run('net', 1, async () => {
    begun = true
  })
  await turn()
  t.notOk(begun)
  release()
  await next
  t.ok(begun)
})

t.test('the next one prepares while the one before has its turn', async (t) => {
  const windows = new PortWindows()
  const { log, ends, step } = steps()
  const run = (name: string) =>
    windows.run(
      'net',
      1,
      async (_hold, prepared) => `${await step(name)()} ${prepared}`,
      async () => {
        log.push(`${name} prepares`)
        if (name === 'b') throw new Error('not ready')
        return 'ready'
      },
    )
  const results = Promise.all(['a', 'b', 'c'].map(run))
  await turn()
  t.strictSame(log.splice(0).sort(), ['a begins', 'a prepares', 'b prepares'])
  ends.get('a')?.()
  await turn()
  t.strictSame(log.splice(0).sort(), ['a ends', 'b begins', 'c prepares'])
  ends.get('b')?.()
  await turn()
  ends.get('c')?.()
  t.strictSame(await results, ['a ready', 'b undefined', 'c ready'])
})

import t from 'tap'
import { configFlags } from '../../src/cli/config-flags.ts'

t.test('the flags that were given are nested as in the file', async (t) => {
  const args = {
    _: ['serve'],
    $0: 'pprofd',
    listen: '127.0.0.1:1',
    enabled: false,
    'limits.max-seconds': '5',
    'limits.captures': '6',
    'profile.hz': undefined,
    unknown: 'x',
  }
  t.same(configFlags(args), {
    listen: '127.0.0.1:1',
    enabled: false,
    limits: { maxSeconds: '5', captures: '6' },
  })
  t.same(configFlags({}), {})
})

import t from 'tap'
import { processName, scriptArgument } from '../../src/targets/script-argument.ts'

const cases = [
  { argv: ['node', 'app.js'], comm: 'node', script: 'app.js', name: 'app.js' },
  { argv: ['/usr/bin/node', '/srv/shop/server.mjs', '-p', '1'], comm: 'node', name: 'server.mjs' },
  { argv: ['node', '-r', './hook.js', '--inspect=0', 'app.js'], comm: 'node', name: 'app.js' },
  { argv: ['node', '--import', 'tsx', 'app.ts'], comm: 'node', script: 'app.ts', name: 'app.ts' },
  { argv: ['node', '-e', 'code()'], comm: 'node', script: undefined, name: 'node' },
  { argv: ['node'], comm: 'MainThread', script: undefined, name: 'node' },
  { argv: ['/usr/bin/node'], comm: 'MainThread', script: undefined, name: 'MainThread' },
  { argv: ['my shop worker'], comm: 'node', script: undefined, name: 'my shop worker' },
  { argv: [], comm: 'node', script: undefined, name: 'node' },
  { argv: ['node', '/'], comm: 'node', script: '/', name: 'node' },
  { argv: ['a\n\x1b[31mb'], comm: 'node', script: undefined, name: 'a [31mb' },
  { argv: ['x'.repeat(1000)], comm: 'node', script: undefined, name: 'x'.repeat(100) },
]

for (const { argv, comm, name, ...rest } of cases) {
  t.test(`${JSON.stringify(argv).slice(0, 80)} is called ${name.slice(0, 40)}`, async (t) => {
    t.equal(processName(argv, comm), name)
    if ('script' in rest) t.equal(scriptArgument(argv), rest.script)
  })
}

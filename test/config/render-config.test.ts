import { join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../../src/config/load-config.ts'
import { renderConfig } from '../../src/config/render-config.ts'

const texts: readonly string[] = [
  '',
  'listen: "[::1]:0"\ndefaultTarget: 12\ndiscover: { enabled: false }\nlog: { level: trace }',
  'listen: unix:/run/a b#c.sock',
  'limits: { maxSeconds: 5 }',
  'targets:\n- { name: 1e3, match: "^x: #y\\\\.js [*&!] $", signal: false }\n' +
    '- { name: "null", pidFile: "/run/a: b", enabled: false }\n- { name: "0x1f", unit: a.service }',
]

t.test('the printed configuration loads as the same configuration', async (t) => {
  for (const text of texts) {
    const dir = t.testdir({ 'a.yaml': text.replace('1e3', '"1e3"') })
    const config = await loadConfig({ file: join(dir, 'a.yaml'), env: {} })
    const again = join(t.testdir({ 'b.yaml': renderConfig(config) }), 'b.yaml')
    t.strictSame(await loadConfig({ file: again, env: {} }), config, text)
  }
})

t.test(
  'the configuration is printed in the order of the schema, the address as text',
  async (t) => {
    const flags = { listen: 'unix:/run/p.sock', defaultTarget: 'api' }
    const text = renderConfig(await loadConfig({ file: '/dev/null', env: {}, flags }))
    t.match(text, /^enabled: true\nlisten: \/run\/p\.sock\ntargets: \[\]\ndefaultTarget: api\n/)
  },
)

import t from 'tap'
import { checkout } from '../fixtures/support/checkout.ts'
import { runCommand } from '../fixtures/support/run-command.ts'

t.test('the page lists every package that is locked, each with a permissive licence', async (t) => {
  const { code, stderr } = await runCommand('node', ['scripts/dependencies.mjs'], { cwd: checkout })
  t.match({ code, stderr }, { code: 0, stderr: '' })
})

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { checkout } from '../fixtures/support/checkout.ts'

const script = `
pprofd() { '${process.execPath}' '${join(checkout, 'dist/main.js')}' "$@"; }
eval "$(pprofd completion)"
complete_words() {
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
  _pprofd_yargs_completions
  echo "\${COMPREPLY[*]}"
}
complete_words pprofd pro
complete_words pprofd profile --sec
complete_words pprofd heaps
`

t.test('bash completes commands and flags with what completion prints', async (t) => {
  const env = { ...process.env, SHELL: '/bin/bash', NODE_OPTIONS: '', NODE_V8_COVERAGE: '' }
  const printed = execFileSync('bash', ['-c', script], { encoding: 'utf8', env })
  t.strictSame(printed.trim().split('\n'), ['profile', '--seconds', 'heapsnapshot'])
})

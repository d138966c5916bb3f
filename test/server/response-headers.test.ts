import { createHash } from 'node:crypto'
import t from 'tap'
import { contentSecurityPolicy } from '../../src/server/response-headers.ts'

t.test('a page may use its own style and script, and nothing else', (t) => {
  const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
  const none = contentSecurityPolicy()
  t.match(none, "default-src 'none'")
  t.notMatch(none, /style-src|script-src/)
  t.equal(contentSecurityPolicy('a{}'), `${none}; style-src ${hash('a{}')}`)
  const both = contentSecurityPolicy('a{}', 'f()')
  t.equal(both, `${none}; style-src ${hash('a{}')}; script-src ${hash('f()')}`)
  t.end()
})

import t from 'tap'
import type { ListenAddress } from '../../src/config/config.ts'
import { formatListen, listenProblem, parseListen } from '../../src/config/listen-address.ts'
import { InputError } from '../../src/errors.ts'

const accepted: readonly (readonly [text: string, address: ListenAddress, formatted: string])[] = [
  ['127.0.0.1:8081', { kind: 'tcp', host: '127.0.0.1', port: 8081 }, '127.0.0.1:8081'],
  ['127.0.0.1:0', { kind: 'tcp', host: '127.0.0.1', port: 0 }, '127.0.0.1:0'],
  ['127.0.0.1:65535', { kind: 'tcp', host: '127.0.0.1', port: 65_535 }, '127.0.0.1:65535'],
  ['localhost:80', { kind: 'tcp', host: '127.0.0.1', port: 80 }, '127.0.0.1:80'],
  ['[::1]:8081', { kind: 'tcp', host: '::1', port: 8081 }, '[::1]:8081'],
  ['/run/pprofd.sock', { kind: 'unix', path: '/run/pprofd.sock' }, '/run/pprofd.sock'],
  ['unix:/run/p.sock', { kind: 'unix', path: '/run/p.sock' }, '/run/p.sock'],
  ['unix:///run//p.sock', { kind: 'unix', path: '/run/p.sock' }, '/run/p.sock'],
  ['/run/a b:80', { kind: 'unix', path: '/run/a b:80' }, '/run/a b:80'],
  [`/${'x'.repeat(106)}`, { kind: 'unix', path: `/${'x'.repeat(106)}` }, `/${'x'.repeat(106)}`],
]

t.test('loopback addresses and absolute socket paths are accepted and can be written back', (t) => {
  for (const [text, address, formatted] of accepted) {
    t.same(parseListen(text), address, text)
    t.equal(listenProblem(text), undefined, text)
    t.equal(formatListen(address), formatted, text)
    t.same(parseListen(formatted), address, `${text} again`)
  }
  t.end()
})

const refused: readonly (readonly [text: string, reason: RegExp])[] = [
  ['0.0.0.0:80', /is "0\.0\.0\.0:80", which is refused: .*loopback.*ssh -L 8081:127\.0\.0\.1:8081/],
  ['[::]:80', /which is refused/],
  ['10.0.0.1:80', /which is refused/],
  ['127.0.0.2:80', /which is refused/],
  ['127.1:80', /which is refused/],
  ['0x7f000001:80', /which is refused/],
  ['[::ffff:127.0.0.1]:80', /which is refused/],
  ['localhost.example.org:80', /which is refused/],
  ['user@127.0.0.1:80', /which is refused/],
  ['http://127.0.0.1:80', /which is refused/],
  ['127.0.0.1:80\n127.0.0.1:81', /which is refused/],
  ['example.org', /which is refused/],
  [':8081', /which is refused/],
  ['', /which is refused/],
  ['8081', /a port without a host; write 127\.0\.0\.1:8081/],
  ['127.0.0.1', /has no port; write 127\.0\.0\.1:8081/],
  ['localhost', /has no port/],
  ['[::1]', /has no port; write \[::1\]:8081/],
  ['::1', /needs brackets: \[::1\]:8081/],
  ['::1:8081', /needs brackets/],
  ['127.0.0.1:', /port must be a number from 0 to 65535/],
  ['127.0.0.1:65536', /port must be a number from 0 to 65535/],
  ['127.0.0.1:08081', /port must be/],
  ['127.0.0.1:-1', /port must be/],
  ['127.0.0.1:1e3', /port must be/],
  ['127.0.0.1:http', /port must be/],
  ['unix:run/p.sock', /its path must be absolute/],
  ['unix:', /its path must be absolute/],
  ['/run/', /is a directory/],
  ['/', /is a directory/],
  ['/run/a\0b', /NUL in its path/],
  [`/${'x'.repeat(107)}`, /longer than 107 bytes/],
  [`/${'é'.repeat(54)}`, /longer than 107 bytes/],
]

t.test('everything else is refused with the reason', (t) => {
  for (const [text, reason] of refused) {
    t.match(listenProblem(text), reason, JSON.stringify(text))
    t.throws(() => parseListen(text), InputError)
  }
  t.end()
})

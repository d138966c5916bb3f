import t from 'tap'
import { html, trusted } from '../../src/ui/html.ts'

t.test('what is put into a page is text, whatever it looks like', (t) => {
  const hostile = `</td><script>alert(1)</script>'"&\`\u0000\n\u001b[31m`
  const escaped = html`${hostile}`.html
  t.equal(
    html`<td title="${hostile}">${hostile}</td>`.html,
    `<td title="${escaped}">${escaped}</td>`,
  )
  t.notMatch(escaped, /[<>"'`\p{Cc}]/u)
  t.equal(html`${'a&b'}`.html, 'a&amp;b')
  t.end()
})

t.test('pages are made of parts, numbers and constants', (t) => {
  const rows = ['a', '<b>'].map((name) => html`<li>${name}</li>`)
  t.equal(
    html`<ul>${rows}</ul>${3}${trusted('<br>')}${html`<hr>`}`.html,
    '<ul><li>a</li><li>&lt;b&gt;</li></ul>3<br><hr>',
  )
  t.end()
})

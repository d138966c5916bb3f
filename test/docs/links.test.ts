import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { checkout } from '../fixtures/support/checkout.ts'

const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'bench/README.md'],
  ...readdirSync(join(checkout, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

t.test('every link inside the repository leads somewhere', async (t) => {
  let count = 0
  for (const page of pages) {
    for (const link of linksOf(page)) {
      const [path = '', anchor] = link.split('#')
      const file = path === '' ? page : join(dirname(page), path)
      const isThere = existsSync(join(checkout, file))
      t.ok(isThere && (anchor === undefined || anchorsOf(file).has(anchor)), `${page}: ${link}`)
      count++
    }
  }
  t.ok(count > 80, `${count} links`)
})

t.test(
  'every page of docs/ is linked from its table of contents, or from that of its folder',
  async (t) => {
    for (const page of pages.filter((one) => /^docs\/.*(?<!README|index)\.md$/.test(one))) {
      const contents = page.startsWith('docs/endpoints/')
        ? 'docs/endpoints/README.md'
        : 'docs/README.md'
      const linked = linksOf(contents).map((link) =>
        join(dirname(contents), link.split('#')[0] ?? ''),
      )
      t.ok(linked.includes(page), page)
    }
  },
)

function linksOf(page: string): readonly string[] {
  const text = textOf(page).replace(/```[\s\S]*?```|`[^`\n]*`/g, '')
  const links = Array.from(text.matchAll(/\]\(([^)\s]+)\)/g), ([, link = '']) => link)
  return links.filter((link) => !/^[a-z]+:/.test(link))
}

/** As GitHub makes them of the headings. */
function anchorsOf(page: string): ReadonlySet<string> {
  const headings = textOf(page).matchAll(/^#+ (.*)$/gm)
  return new Set(
    Array.from(headings, ([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\- _]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}

function textOf(page: string): string {
  return readFileSync(join(checkout, page), 'utf8')
}

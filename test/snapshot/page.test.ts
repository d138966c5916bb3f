import t from 'tap'
import { aggregate } from '../../src/snapshot/aggregate.ts'
import { diffSnapshots } from '../../src/snapshot/diff.ts'
import { diffPage, type PageOptions, snapshotPage } from '../../src/snapshot/page.ts'
import { pageScript } from '../../src/snapshot/page-script.ts'
import { pageStyle } from '../../src/snapshot/page-style.ts'
import { similarities } from '../../src/snapshot/similarity.ts'
import { html } from '../../src/ui/html.ts'
import { at, randomEntries, recordingOf, shop } from './recordings.ts'

function page(options: PageOptions = {}): string {
  return snapshotPage(aggregate(shop), options).html
}

/** The text of each bucket, its markup taken away. */
function sections(text: string): readonly string[] {
  return [...text.matchAll(/<section [\s\S]*?<\/section>/g)].map(([section]) => plain(section))
}

function plain(markup: string): string {
  return markup
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}

t.test('every bucket has a header and a table of its stack', (t) => {
  const all = sections(page())
  t.equal(all.length, 7)
  t.match(
    all[0],
    /^Signature #0: 1 routine: running # Package Place Function 0 main src\/auth.js:17 hashPassword 1 passport@0.7.0 /,
  )
  t.match(
    all[1],
    'Signature #1: 3 routines: async-function awaiting [3~5 minutes] Waits for: lock * (src/mutex.js:7)',
  )
  t.match(all[1], 'ids 2~4')
  t.match(all[3], 'Threads: [worker 1] images')
  t.match(all[4], 'Created by: packages/stock/poll.js:30 start')
  t.match(all[5], '(...)')
  t.match(all[6], 'No stack')
  const text = page()
  t.match(text, '<span class="main own">hashPassword</span>')
  t.match(text, '<span class="dependency">verify</span>')
  t.match(text, 'href="https://github.com/nodejs/node/blob/v20.20.2/lib/events.js#L519"')
  t.match(text, 'href="https://nodejs.org/docs/v20.20.2/api/events.html"')
  t.match(text, 'href="https://www.npmjs.com/package/passport/v/0.7.0"')
  t.match(text, 'href="file:///srv/shop/src/auth.js"')
  t.end()
})

t.test('the page says what it is of, what is missing, and what its colours mean', (t) => {
  const text = page({ facts: [['CPUs', '2']], footer: html`<p>the end</p>` })
  t.match(plain(text), '131 in 9 entries')
  t.match(plain(text), 'cut: 1000 of 54321 timers shown')
  t.match(plain(text), 'note: worker 2 did not answer within 300 ms')
  t.match(plain(text), 'Packages express, linked, passport@0.7.0 CPUs 2'.replace('linked, ', ''))
  t.match(plain(text), 'runtime Node&#39;s own modules')
  t.match(text, '<p>the end</p></footer>')
  t.end()
})

t.test('links stay below the target and repeat a target that the query chose', (t) => {
  const text = page({ targetParameter: 'a&b' })
  const links = [...text.matchAll(/href="([^"]*)"/g)].map(([, url = '']) => url)
  const own = links.filter((url) => /^(?:\?|pprof)/.test(url))
  t.equal(own.length, similarities.length + 6)
  t.ok(own.every((url) => url.endsWith('target=a%26b')))
  t.ok(links.every((url) => /^(?:\?|pprof\/|#b\d+$|https:\/\/|file:\/\/\/)/.test(url)))
  t.match(text, '<a href="?similarity=anypointer&amp;target=a%26b" aria-current="true">')
  t.end()
})

t.test('it loads nothing, and its only script and style are the ones with a hash', (t) => {
  const text = page()
  t.notMatch(text, /<(?:img|link|iframe|object|base|form)\b|@import|url\(|\son\w+=|\sstyle=/)
  t.equal(text.split('<script').length, 2)
  t.ok(text.includes(`<script>${pageScript}</script>`))
  t.ok(text.includes(`<style>${pageStyle}</style>`))
  t.notMatch(pageScript, /innerHTML|fetch\(|eval\(|<\/script/)
  t.doesNotThrow(() => new Function(pageScript))
  t.end()
})

t.test('nothing of a target is markup', (t) => {
  const evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>\'`&'
  const frame = { function: evil, url: `/srv/${evil}`, line: 1, column: 1 }
  const hostile = recordingOf(
    [{ thread: evil, state: evil, waitsFor: evil, stack: [frame], createdBy: frame }],
    {
      target: { pid: 1, name: evil, nodeVersion: evil, executable: evil, workingDirectory: evil },
      notes: [evil],
      cuts: [{ what: evil, shown: 1, total: 2 }],
    },
  )
  const options: PageOptions = { targetParameter: evil, facts: [[evil, evil]] }
  for (const text of [
    snapshotPage(aggregate(hostile), options).html,
    diffPage(diffSnapshots(recordingOf([]), hostile), options).html,
  ]) {
    t.equal(text.split('<script').length, 2)
    t.notMatch(text, /<img/)
    t.ok(text.includes('&#34;&gt;&lt;script&gt;alert(1)'))
  }
  for (const seed of [1, 2]) {
    const { html } = snapshotPage(aggregate(recordingOf(randomEntries(seed, 100))))
    t.equal(html.split('<section').length, html.split('</section>').length)
    t.notMatch(html.replace(pageScript, ''), /[^\P{Cc}\n]/u)
  }
  t.end()
})

t.test('of a difference the page tells what grew, and marks each bucket', (t) => {
  const f = at('async f src/a.js:1')
  const gone = { stack: [at('gone src/a.js:2')] }
  const before = recordingOf([{ stack: [f], count: 5 }, gone, { kind: 'server' }])
  const after = recordingOf([{ stack: [f], count: 7 }, { kind: 'server' }], {
    takenAtMs: before.takenAtMs + 5000,
  })
  const text = diffPage(diffSnapshots(before, after)).html
  t.match(plain(text), 'What changed in 5 s 7 before, 8 after (+1); 1 of 3 buckets grew.')
  t.match(plain(text), '+2 5 7 async-function awaiting f')
  const all = sections(text)
  t.match(all[0], '7 routines: async-function awaiting (grew, +2)')
  t.match(all[1], '1 routine: server awaiting (same)')
  t.match(all[2], '0 routines: async-function awaiting (gone, -1)')
  t.match(text, 'href="?similarity=anyvalue&amp;seconds=5"')
  t.match(text, '>Snapshot</a>')
  t.notMatch(diffPage(diffSnapshots(after, after)).html, /class="changes"/)
  t.end()
})

t.test('a page has an end: buckets, ids and packages beyond it are counted', (t) => {
  const entries = Array.from({ length: 1500 }, (_, index) => ({
    id: index * 2,
    stack: [at(`f /x/node_modules/p${index % 300}/a.js:1`)],
  }))
  const text = snapshotPage(aggregate(recordingOf(entries)), { maxBuckets: 10 }).html
  t.equal(sections(text).length, 10)
  t.match(text, '290 more buckets are not shown here')
  t.match(text, 'and 100 more')
  const alike = Array.from({ length: 1500 }, (_, index) => ({ id: index * 2 }))
  t.match(snapshotPage(aggregate(recordingOf(alike))).html, ', 1998, and 500 more</details>')
  t.end()
})

for (const scheme of ['light', 'dark'] as const) {
  t.test(`every colour of the ${scheme} page has a contrast of 4.5`, (t) => {
    const [light = '', dark = ''] = pageStyle.split('@media (prefers-color-scheme: dark)')
    const text = scheme === 'light' ? light : dark.slice(0, dark.indexOf('* {'))
    const colours = new Map(
      [...text.matchAll(/--(\w+): (#[\da-f]{6})/g)].map(([, name = '', value = '']) => [
        name,
        value,
      ]),
    )
    const backgrounds = ['page', 'row']
    const foregrounds = [...colours.keys()].filter((name) => {
      return ![...backgrounds, 'hover', 'line'].includes(name)
    })
    t.equal(foregrounds.length, 10)
    for (const name of foregrounds) {
      for (const background of backgrounds) {
        const ratio = contrast(colours.get(name) ?? '', colours.get(background) ?? '')
        t.ok(ratio >= 4.5, `${name} on ${background}: ${ratio.toFixed(2)}`)
      }
    }
    t.end()
  })
}

/** https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (light + 0.05) / (dark + 0.05)
}

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

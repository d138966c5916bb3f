/**
 * The page of a snapshot, as panicparse's webstack shows one, and of the difference of two. It loads
 * nothing and reads without scripts; all text of the target is escaped by the template.
 */
import { type Html, html } from '../ui/html.ts'
import type { Aggregate } from './aggregate.ts'
import { signed } from './bucket-text.ts'
import { describeRecording } from './describe-recording.ts'
import type { SnapshotDiff } from './diff.ts'
import { growth } from './diff.ts'
import { type GoroutineRecording, totalCount } from './entry.ts'
import { bucketSection, type PageBucket } from './page-bucket.ts'
import { type PageFacts, pageFooter } from './page-footer.ts'
import { pageScriptTag } from './page-script.ts'
import { pageStyleTag } from './page-style.ts'
import { type Similarity, similarities } from './similarity.ts'
import type { LinkOptions } from './source-links.ts'
import { stateText } from './state-text.ts'

export interface PageOptions extends PageFacts {
  /** Of the target, if the query chose it: links repeat it. */
  readonly targetParameter?: string | undefined
  readonly applicationLink?: LinkOptions['applicationLink']
  /** More are counted but not shown: a page of 2,000 buckets has about 5 MB. Default 2000. */
  readonly maxBuckets?: number | undefined
}

/** Rows of the table of what grew. */
const maxGrown = 20

export function snapshotPage(aggregate: Aggregate, options: PageOptions = {}): Html {
  const { recording, buckets, similarity, count } = aggregate
  const summary = html`<p>${buckets.length} buckets for all ${count}.</p>\n`
  const shown = buckets.map((bucket): PageBucket => ({ bucket }))
  return page(recording, similarity, summary, shown, '', options)
}

export function diffPage(diff: SnapshotDiff, options: PageOptions = {}): Html {
  const { after, similarity, changes } = diff
  const shown = changes.map(({ bucket, ...change }): PageBucket => ({ bucket, change }))
  const seconds = Math.max(1, Math.round(diff.durationMs / 1000))
  return page(after, similarity, changeSummary(diff), shown, `&seconds=${seconds}`, options)
}

function page(
  recording: GoroutineRecording,
  similarity: Similarity,
  summary: Html,
  shown: readonly PageBucket[],
  query: string,
  options: PageOptions,
): Html {
  const { target } = recording
  const { maxBuckets = 2000 } = options
  const links: LinkOptions = {
    nodeVersion: target.nodeVersion,
    applicationLink: options.applicationLink,
  }
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Goroutines of ${target.name}</title>
${pageStyleTag}
</head>
<body>
<header>
<h1>Goroutines of ${target.name} <span class="quiet">pid ${target.pid}</span></h1>
<ul>${describeRecording(recording)
    .slice(1)
    .map((line) => html`<li>${line}</li>\n`)}</ul>
${summary}${navigation(similarity, query, options.targetParameter)}<div id="controls" data-needs-script hidden>
<label for="filter">Filter</label> <input id="filter" type="search" placeholder="text or regular expression  ( / )" autocomplete="off" spellcheck="false">
<label><input id="live" type="checkbox"> Live: a new one every 5 s</label>
<button data-copy="text">Copy as text</button> <button data-copy="markdown">Copy as Markdown</button>
</div>
<p id="status" class="quiet" role="status"></p>
</header>
<main>
${shown.slice(0, maxBuckets).map((bucket, index) => bucketSection(bucket, index, links))}${tooMany(shown.length - maxBuckets)}</main>
${pageFooter(recording, shown, options)}${pageScriptTag}
</body>
</html>
`
}

/** Relative, so that they stay below the prefix of a target. */
function navigation(similarity: Similarity, query: string, targetParameter = ''): Html {
  const target = targetParameter === '' ? '' : `&target=${encodeURIComponent(targetParameter)}`
  const levels = similarities.map((level) => {
    const current = level === similarity
    return current
      ? html`<a href="?similarity=${level}${query}${target}" aria-current="true">${level}</a> `
      : html`<a href="?similarity=${level}${query}${target}">${level}</a> `
  })
  const isDifference = query !== ''
  const back = isDifference ? html`<a href="?similarity=${similarity}${target}">Snapshot</a>\n` : ''
  return html`<nav aria-label="Similarity"><span class="quiet">Similarity</span> ${levels}</nav>
<nav aria-label="Forms"><a href="?similarity=${similarity}${query}${target}">Refresh</a>
${back}<a href="?similarity=${similarity}&amp;seconds=5${target}">What changes in 5 s</a>
<a href="pprof/goroutine?format=json${target}">JSON</a>
<a href="pprof/goroutine?debug=2${target}">debug=2</a>
<a href="pprof/goroutine?debug=1${target}">debug=1</a>
<a href="pprof/goroutine?debug=0${target}">pprof</a></nav>
`
}

function tooMany(count: number): Html {
  return count > 0
    ? html`<p><b>${count} more buckets are not shown here; the JSON has them all.</b></p>\n`
    : html``
}

/** The leak report: what grew, the most first. */
function changeSummary(diff: SnapshotDiff): Html {
  const { before, after, changes, durationMs } = diff
  const [old, now] = [totalCount(before.entries), totalCount(after.entries)]
  const indexes = new Map(changes.map(({ bucket }, index) => [bucket, index]))
  const grown = growth(diff)
  const rows = grown.slice(0, maxGrown).map(({ bucket, change, before, after }) => {
    const own = bucket.stack.find(({ location }) => location === 'main') ?? bucket.stack[0]
    return html`<tr><td class="number ${change}">${signed(after - before)}</td><td class="number">${before}</td><td class="number">${after}</td><td><a href="#b${indexes.get(bucket) ?? 0}">${stateText(bucket)}${own ? ` ${own.function}` : ''}</a></td></tr>
`
  })
  const table = html`<table class="changes">
<thead><tr><th scope="col">Growth</th><th scope="col">Before</th><th scope="col">After</th><th scope="col">Bucket</th></tr></thead>
<tbody>
${rows}</tbody>
</table>
<p class="quiet">Growth is not yet a leak: under steady load, what grows in every report leaks.</p>
`
  return html`<h2>What changed in ${Math.round(durationMs / 100) / 10} s</h2>
<p>${old} before, ${now} after (${signed(now - old)}); ${grown.length} of ${changes.length} buckets grew.</p>
${grown.length > 0 ? table : ''}`
}

/** A bucket on the page: panicparse's header and table. */
import { escapeMarkdown } from '../convert/escape-markdown.ts'
import { type Html, html } from '../ui/html.ts'
import type { Bucket } from './aggregate.ts'
import {
  bucketHeader,
  type Change,
  callName,
  packageText,
  placeText,
  signed,
} from './bucket-text.ts'
import type { Call } from './call.ts'
import type { ChangeKind } from './diff.ts'
import { type LinkOptions, packageLink, sourceLink } from './source-links.ts'
import { idsText, stateText, threadsText, waitText } from './state-text.ts'

export interface PageBucket {
  readonly bucket: Bucket
  readonly change?: (Change & { readonly change: ChangeKind }) | undefined
}

/** A bucket of a million entries has them all in the JSON. */
const maxIds = 1000

export function bucketSection(
  { bucket, change }: PageBucket,
  index: number,
  links: LinkOptions,
): Html {
  const text = bucketHeader(bucket, 'relative', change)
  const wait = waitText(bucket.wait)
  const badge = change ? html` <span class="${change.change}">(${changeText(change)})</span>` : ''
  return html`<section class="bucket" id="b${index}" data-header="${text}" data-markdown="${escapeMarkdown(text)}" aria-labelledby="h${index}">
<h2 id="h${index}"><a href="#b${index}">Signature #${index}:</a> ${routines(change?.after ?? bucket.count)}: <span class="state">${stateText(bucket)}</span>${wait === '' ? '' : ` [${wait}]`}${badge}</h2>
${notes(bucket, links)}${stackTable(bucket, links)}<div class="actions">${ids(bucket)}<span data-needs-script hidden><button data-copy="text">Copy as text</button> <button data-copy="markdown">Copy as Markdown</button></span></div>
</section>
`
}

function changeText({ change, before, after }: NonNullable<PageBucket['change']>): string {
  return change === 'same' ? change : `${change}, ${signed(after - before)}`
}

function routines(count: number): string {
  return count === 1 ? '1 routine' : `${count} routines`
}

function notes({ waitsFor, threads, createdBy }: Bucket, links: LinkOptions): readonly Html[] {
  const thread = threadsText(threads)
  const all: readonly (Html | undefined)[] = [
    waitsFor ? html`<p class="notes">Waits for: <b>${waitsFor}</b></p>\n` : undefined,
    thread === '' ? undefined : html`<p class="notes">Threads: ${thread}</p>\n`,
    createdBy &&
      html`<p class="notes">Created by: ${place(createdBy, links)} ${callCell(createdBy, false)}</p>\n`,
  ]
  return all.filter((note) => note !== undefined)
}

function stackTable({ stack, elided }: Bucket, links: LinkOptions): Html {
  if (stack.length === 0)
    return html`<p class="quiet">No stack: nothing in JavaScript waits for it by name.</p>\n`
  const ownAt = stack.findIndex(({ location }) => /^(?:main|application|linked)$/.test(location))
  const rows = stack.map((call, index) => {
    return html`<tr title="${hint(call)}"><td class="index">${index}</td><td class="package">${packageCell(call, links)}</td><td class="place">${place(call, links)}</td><td class="call">${callCell(call, index === ownAt)}</td></tr>
`
  })
  const rest = html`<tr><td class="index"></td><td class="call" colspan="3">(...)</td></tr>\n`
  return html`<table class="stack">
<thead><tr><th scope="col">#</th><th scope="col">Package</th><th scope="col">Place</th><th scope="col">Function</th></tr></thead>
<tbody>
${rows}${elided ? rest : ''}</tbody>
</table>
`
}

function hint(call: Call): string {
  const column = call.column > 0 ? `:${call.column}` : ''
  return `${placeText(call, 'full')}${column}\n${callName(call)}\n${call.location}`
}

function packageCell(call: Call, links: LinkOptions): Html {
  return link(packageLink(call, links), packageText(call))
}

function place(call: Call, links: LinkOptions): Html {
  return link(sourceLink(call, links), placeText(call, 'relative'))
}

function callCell(call: Call, isOwn: boolean): Html {
  return html`<span class="${call.location}${isOwn ? ' own' : ''}">${callName(call)}</span>`
}

function link(url: string | undefined, text: string): Html {
  return url === undefined ? html`${text}` : html`<a href="${url}" rel="noreferrer">${text}</a>`
}

function ids({ ids }: Bucket): Html {
  const more = ids.length > maxIds ? `, and ${ids.length - maxIds} more` : ''
  const text = `${idsText(ids.slice(0, maxIds))}${more}`
  if (text.length <= 60)
    return html`<span class="ids">${ids.length === 1 ? 'id' : 'ids'} ${text}</span>
`
  return html`<details class="ids"><summary>${ids.length} ids</summary>${text}</details>\n`
}

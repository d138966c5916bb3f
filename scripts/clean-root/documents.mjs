// The commands of a page, as they stand there.
import { readFileSync } from 'node:fs'

/** The code blocks below a heading (`## Install`), down to the next of the same or a higher level; or all. */
export function blocksOf(page, heading) {
  const text = readFileSync(page, 'utf8')
  const section = heading === undefined ? text : sectionOf(text, heading)
  const blocks = section.matchAll(/^```(\w*)[^\n]*\n([\s\S]*?)^```$/gm)
  return Array.from(blocks, ([, language, block]) => ({ language, block }))
}

function sectionOf(text, heading) {
  const start = text.indexOf(`\n${heading}\n`)
  if (start === -1) throw new Error(`there is no heading "${heading}"`)
  const level = heading.indexOf(' ')
  const rest = text.slice(start + heading.length + 1)
  // A line of a script that is a comment is none.
  const end = rest.search(new RegExp(`\\n#{1,${level}} [A-Z]`))
  return end === -1 ? rest : rest.slice(0, end)
}

/** Those that a reader pastes: `sh` blocks as a whole. */
export function scriptsOf(page, heading) {
  return blocksOf(page, heading).flatMap(({ language, block }) =>
    language === 'sh' ? [block] : [],
  )
}

/** A command of each line, without what is said of it. */
export function linesOf(block) {
  const lines = block.split('\n').map((line) => line.replace(/\s+#.*$/, '').trim())
  return lines.filter((line) => line !== '')
}

/** Sessions: what follows a `$`. */
export function promptsOf(page, heading) {
  return blocksOf(page, heading).flatMap(({ block }) =>
    Array.from(block.matchAll(/^\$ (.*)$/gm), ([, command]) => command),
  )
}

// One page an endpoint, all alike, with the parameters that the routes declare.
import t from 'tap'
import type { DeclaredParameter } from '../../src/server/declared-parameters.ts'
import { otherOperations } from '../../src/server/openapi/other-operations.ts'
import { profileOperations } from '../../src/server/openapi/profile-operations.ts'
import { type ParameterSettings, targetParameter } from '../../src/server/shared-parameters.ts'
import { defaultConfig } from '../config/default-config.ts'
import { documents, documentText } from './documents.ts'

const { limits, profile, goroutine, sourceMaps } = defaultConfig
const settings: ParameterSettings = { limits, profile, goroutine, sources: { sourceMaps } }
const operations = [...profileOperations(settings), ...otherOperations]

const template = ['Parameters', 'Answers', 'Example', 'What it costs the target', 'Limits']

const pages = documents.filter((name) => /^docs\/endpoints\/(?!README)/.test(name))

t.test('every page has the same headings in the same order, and may have more', async (t) => {
  t.ok(pages.length > 18, `${pages.length} pages`)
  for (const page of pages) {
    const text = documentText(page)
    const headings = Array.from(text.matchAll(/^## (.*)$/gm), ([, heading = '']) => heading)
    t.strictSame(
      headings.filter((heading) => template.includes(heading)),
      template,
      page,
    )
    t.match(text, /^# `\/.*\n\n\S/, `${page}: what it is comes first`)
  }
})

t.test('every operation has its page', async (t) => {
  const titles = pages.flatMap(pathsOf)
  for (const { path } of operations) {
    const own = path.replace('{target}', '<target>')
    const isThere = titles.some((title) => own === title || own.startsWith(`${title}/`))
    t.ok(isThere || path === '/debug/pprof', path)
  }
})

t.test('every page explains the parameters that its routes declare, and no others', async (t) => {
  let count = 0
  for (const page of pages) {
    const paths = pathsOf(page)
    const ownOperations = operations.filter(({ path }) =>
      paths.includes(path.replace('{target}', '<target>')),
    )
    const declared: Readonly<Record<string, DeclaredParameter>> = Object.assign(
      {},
      ...ownOperations.map(({ parameters }) => parameters),
      ownOperations.some(looksUpTarget) ? { target: targetParameter } : {},
    )
    const explained = explanationsIn(page)
    t.strictSame([...explained.keys()].sort(), Object.keys(declared).sort(), page)
    for (const [name, parameter] of Object.entries(declared)) {
      const text = explained.get(name) ?? ''
      for (const part of mustSay(name, parameter)) t.match(text, part, `${page}: ${name}`)
      count++
    }
  }
  t.ok(count > 60, `${count} parameters`)
})

/** Those in the title. */
function pathsOf(page: string): readonly string[] {
  const title = documentText(page).split('\n')[0] ?? ''
  return Array.from(title.matchAll(/`([^`]+)`/g), ([, path = '']) => path)
}

function looksUpTarget({ path, refusals }: (typeof operations)[number]): boolean {
  return path.startsWith('/debug/') && refusals.includes(404)
}

/** By name: what stands behind `- \`name\`:`, in one line. */
function explanationsIn(page: string): ReadonlyMap<string, string> {
  const section = /^## Parameters\n([\s\S]*?)^## /m.exec(documentText(page))?.[1] ?? ''
  const items = section.split(/^(?=- |\n)/m).filter((item) => item.startsWith('- `'))
  return new Map(
    items.map((item) => {
      const [, name = '', text = ''] = /^- `(\w+)`: ([\s\S]*)/.exec(item) ?? []
      return [name, text.replace(/\s+/g, ' ')]
    }),
  )
}

function mustSay(name: string, parameter: DeclaredParameter): readonly RegExp[] {
  switch (parameter.kind) {
    case 'flag':
      return [byDefault(parameter.fallback ? '1' : '0')]
    case 'whole number':
      return [byDefault(String(parameter.fallback)), ...range(parameter)]
    case 'delta':
      return [byDefault('none'), ...range(parameter)]
    case 'decimal':
      return [
        byDefault(String(parameter.fallback)),
        new RegExp(`above ${parameter.above}\\b`, 'i'),
        new RegExp(`maximum is ${parameter.max}\\b`, 'i'),
      ]
    case 'any integer':
      return [byDefault(String(parameter.fallback))]
    case 'choice':
      return [byDefault(`\`${parameter.fallback}\``), ...parameter.choices.map(quoted)]
    case 'words':
      return [byDefault(`\`${parameter.fallback.join(',')}\``), ...parameter.choices.map(word)]
    case 'text':
      return [
        name === 'target'
          ? byDefault('the default target')
          : byDefault(`\`${parameter.fallback}\``),
      ]
  }
}

function byDefault(text: string): RegExp {
  return new RegExp(`^\\(default: ${text.replaceAll('.', '\\.')}[,)]`)
}

function range({ min, max }: { readonly min: number; readonly max: number }): readonly RegExp[] {
  return [new RegExp(`minimum is ${min}\\b`, 'i'), new RegExp(`maximum is ${max}\\b`, 'i')]
}

function quoted(text: string): RegExp {
  return new RegExp(`\`${text}\``)
}

function word(text: string): RegExp {
  return new RegExp(`[\`,]${text.replaceAll('.', '\\.')}[\`,]`)
}

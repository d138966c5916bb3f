/** Which target a request means: the path says it, else `?target=`, else the default. */
import { TargetError } from '../errors.ts'
import type { Target } from '../targets/target.ts'
import type { Targets } from '../targets/targets.ts'
import type { TargetRequest } from './context.ts'
import { firstValue } from './parameters.ts'
import { targetPath } from './target-links.ts'

/** A host may run hundreds of Nodes; an error need not list them all. */
const maxChoices = 20

/** @throws {TargetError} as `Targets.resolve`; target-ambiguous lists the URLs to choose from. */
export async function requestTarget(targets: Targets, request: TargetRequest): Promise<Target> {
  const selector = request.params.target ?? firstValue(request.query, 'target')
  try {
    return await targets.resolve(selector)
  } catch (error) {
    if (!(error instanceof TargetError) || error.code !== 'target-ambiguous') throw error
    const choices = await findChoices(targets, selector)
    // Several processes of one configured target: its own message says all there is to say.
    if (choices.length === 0) throw error
    throw new TargetError(error.code, listChoices(choices, selector, request), { cause: error })
  }
}

async function findChoices(
  targets: Targets,
  selector: string | undefined,
): Promise<readonly Target[]> {
  const known = await targets.list()
  if (selector !== undefined) return known.filter(({ name }) => name === selector)
  const others = known.filter(({ kind }) => kind !== 'self')
  const judged = await Promise.all(others.map((target) => targets.preflight(target)))
  return judged.flatMap(({ attachable, target }) => (attachable ? [target] : []))
}

/** The same request for each target, as URLs to paste. */
function listChoices(
  choices: readonly Target[],
  selector: string | undefined,
  request: TargetRequest,
): string {
  const path = withoutTarget(request.url)
  const lines = choices.slice(0, maxChoices).map((target) => {
    const name = target.name.replace(/\p{Cc}/gu, ' ')
    return `  http://${request.host}${targetPath(target)}${path}  (${name})`
  })
  if (choices.length > maxChoices) lines.push(`  ${choices.length - maxChoices} more: see /targets`)
  const reason =
    selector === undefined
      ? 'no target is named and several could be meant'
      : `several targets are called ${JSON.stringify(selector)}`
  return [`${reason}; choose one:`, ...lines].join('\n')
}

function withoutTarget(url: string): string {
  const queryAt = url.indexOf('?')
  const path = queryAt === -1 ? url : url.slice(0, queryAt)
  const query = queryAt === -1 ? '' : url.slice(queryAt + 1)
  const kept = query.split('&').filter((part) => part !== '' && !part.startsWith('target='))
  const suffix = path.replace(/^\/targets\/[^/]+/, '')
  return kept.length === 0 ? suffix : `${suffix}?${kept.join('&')}`
}

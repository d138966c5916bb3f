/** Which target a request means: the path says it, else `?target=`, else the default. */
import type { FastifyRequest } from 'fastify'
import { TargetError } from '../errors.ts'
import type { Target } from '../targets/target.ts'
import type { TargetRights } from '../targets/target-rights.ts'
import type { Targets } from '../targets/targets.ts'
import { rightsOf } from './access.ts'
import type { TargetRequest } from './context.ts'
import { firstValue } from './parameters.ts'
import { targetPath } from './target-links.ts'

/** A host may run hundreds of Nodes; an error need not list them all. */
const maxChoices = 20

/**
 * The target, with what whoever asks may do with it: no route looks one up in another way.
 * @throws {TargetError} as `Targets.resolve`; target-ambiguous lists the URLs to choose from.
 */
export async function requestTarget(targets: Targets, request: TargetRequest): Promise<Target> {
  const selector = request.params.target ?? firstValue(request.query, 'target')
  const rights = rightsOf(request)
  try {
    return await targets.resolve(selector, rights)
  } catch (error) {
    if (!(error instanceof TargetError) || error.code !== 'target-ambiguous') throw error
    const choices = await findChoices(targets, selector, rights)
    // Several processes of one configured target: its own message says all there is to say.
    if (choices.length === 0) throw error
    throw new TargetError(error.code, listChoices(choices, selector, request), { cause: error })
  }
}

/** Those that whoever asks may use. */
export function requestableTargets(
  targets: Targets,
  request: Pick<FastifyRequest, 'raw'>,
): Promise<readonly Target[]> {
  return targets.list(rightsOf(request))
}

async function findChoices(
  targets: Targets,
  selector: string | undefined,
  rights: TargetRights | undefined,
): Promise<readonly Target[]> {
  const known = await targets.list(rights)
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

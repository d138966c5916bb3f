/**
 * What scrapers ask where targets are: https://prometheus.io/docs/prometheus/latest/http_sd/, which Parca
 * and Alloy read, too.
 */
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import type { FastifyRequest } from 'fastify'
import { scriptArgument } from '../../targets/script-argument.ts'
import type { Target } from '../../targets/target.ts'
import type { Targets } from '../../targets/targets.ts'
import { rightsOf } from '../access.ts'
import { callerOf } from '../caller.ts'
import type { Handler, ServerContext } from '../context.ts'
import { sendFailure } from '../errors.ts'
import { jsonText } from '../json-text.ts'
import { labelText } from '../label-text.ts'

/** GET /sd: the targets that the configuration opts in and whoever asks may use. It attaches to nothing. */
export function sdHandler({ targets }: ServerContext): Handler {
  return async (request, reply) => {
    const address = ownAddress(request)
    if (address === undefined) return sendFailure(reply, 400, onSocketOnly)
    const known = await targets.optedIn(rightsOf(request))
    const groups = await Promise.all(
      known.map(async (target) => ({
        targets: [address],
        labels: await labelsOf(targets, target),
      })),
    )
    return reply.type('application/json; charset=utf-8').send(jsonText(groups))
  }
}

const onSocketOnly =
  'scrapers cannot reach a unix socket; put a forwarder with a port in front of it, whose address the Host header then says'

/**
 * Where the scraper reaches us, which it just did: a tunnel or a forwarder may have changed the port.
 * Undefined: on the unix socket, by a client that says no port.
 */
function ownAddress({ headers, raw }: FastifyRequest): string | undefined {
  const { host = '' } = headers
  if (/:\d+$/.test(host)) return host
  return callerOf(raw).address === 'unix' ? undefined : `${host}:80`
}

/** Those of one process differ from those of every other; a restart of pprofd changes none. */
async function labelsOf(targets: Targets, target: Target): Promise<Record<string, string>> {
  const { id, instance, name, service = name, pid, argv, workingDirectory, port } = target
  const script = scriptArgument(argv)
  const nodeVersion = await targets.nodeVersion(target)
  return {
    // The process and no other: a pid that another one has by then is answered with 410.
    __param_target: instance || id,
    service_name: labelText(service),
    instance: `${hostname()}:${pid || `inspector-${port}`}`,
    ...(pid === 0 ? {} : { pid: String(pid) }),
    ...(nodeVersion === undefined ? {} : { node_version: nodeVersion }),
    __meta_pprofd_target: id,
    __meta_pprofd_name: labelText(name),
    ...(script === undefined
      ? {}
      : { __meta_pprofd_script: labelText(resolve(workingDirectory || '/', script)) }),
  }
}

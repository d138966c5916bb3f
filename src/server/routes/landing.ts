/**
 * GET /: what is there, buttons that record, and the lines to paste. The page starts nothing, and of its
 * links only that to the goroutines does, so links from other sites may lead here.
 */
import { hostname } from 'node:os'
import { pagePolicy } from '../../ui/policies.ts'
import type { Handler, ServerContext, TargetRequest } from '../context.ts'
import { landingPage } from '../page/landing-page.ts'
import { requestableTargets } from '../request-target.ts'
import { pageAssets } from './ui-assets.ts'

export function landingHandler({ targets, profile }: ServerContext): Handler {
  return async (request, reply) => {
    const known = await requestableTargets(targets, request)
    const shown = await Promise.all(
      known.map(async (target) => ({ target, figures: await targets.figures(target) })),
    )
    const page = landingPage({
      targets: shown,
      tunnelLine: tunnelLine(request),
      base: `http://${request.host}`,
      seconds: profile.seconds,
      assets: `/ui/page/${await pageAssets.version()}/`,
    })
    return reply
      .type('text/html; charset=utf-8')
      .header('Content-Security-Policy', pagePolicy)
      .send(page.html)
  }
}

/** The tunnel's far end is what we listen on; its near end the port that the request was sent to. */
function tunnelLine(request: TargetRequest): string {
  const nearPort = /:(\d+)$/.exec(request.host)?.[1] ?? '8081'
  const address = request.server.server.address()
  const farEnd =
    typeof address === 'string'
      ? address
      : hostAndPort(address?.address ?? '127.0.0.1', address?.port ?? nearPort)
  return `ssh -L ${nearPort}:${farEnd} ${hostname()}`
}

function hostAndPort(host: string, port: number | string): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

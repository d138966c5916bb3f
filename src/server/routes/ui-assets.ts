/** GET /ui/page/<version>/<file> and /ui/speedscope/<file>: files of the package, the same for everybody. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { pagePolicy, speedscopePolicy } from '../../ui/policies.ts'
import { sendFailure } from '../errors.ts'
import { type UiAsset, UiAssets } from '../ui-assets.ts'

type AssetRequest = FastifyRequest<{ Params: { version?: string; file?: string } }>
type AssetHandler = (request: AssetRequest, reply: FastifyReply) => Promise<FastifyReply>

/** They hold nothing of a target, and their URL changes with them. */
const immutable = 'private, max-age=31536000, immutable'

export const pageAssets = new UiAssets('page')
const speedscopeAssets = new UiAssets('speedscope')

/** The page's own; of another version than this one's there is nothing. */
export const pageAssetHandler: AssetHandler = async (request, reply) => {
  const { version, file = '' } = request.params
  const asset = version === (await pageAssets.version()) ? await pageAssets.find(file) : undefined
  if (asset === undefined) return sendUnknown(reply)
  return send(request, reply.header('Cache-Control', immutable), asset)
}

/** speedscope as it was released; its names carry a hash, but for the page itself. */
export const speedscopeHandler: AssetHandler = async (request, reply) => {
  const { file } = request.params
  const name = file === undefined || file === '' ? 'index.html' : file
  const asset = await speedscopeAssets.find(name)
  if (asset === undefined) return sendUnknown(reply)
  if (/-[A-Z0-9]{8}\.\w+$/.test(name)) reply.header('Cache-Control', immutable)
  return send(request, reply.header('Content-Security-Policy', speedscopePolicy), asset)
}

/** GET /ui/perfetto/: hands a trace to Perfetto's public page, when somebody clicks there. */
export const perfettoHandler: AssetHandler = async (_request, reply) => {
  const asset = await pageAssets.find('perfetto.html')
  if (asset === undefined) return sendUnknown(reply)
  const version = await pageAssets.version()
  const text = Buffer.from(asset.bytes).toString().replaceAll('VERSION', version)
  return reply
    .type(asset.contentType)
    .headers({
      'Content-Security-Policy': pagePolicy,
      // It talks with the page that it opens; without this the browser cuts the two off.
      'Cross-Origin-Opener-Policy': 'same-origin-allow-popups',
    })
    .send(text)
}

function send(request: AssetRequest, reply: FastifyReply, asset: UiAsset): FastifyReply {
  reply.type(asset.contentType)
  const accepted = String(request.headers['accept-encoding'] ?? '')
  if (asset.gzipped === undefined || !/\bgzip\b/.test(accepted)) return reply.send(asset.bytes)
  return reply.headers({ 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' }).send(asset.gzipped)
}

function sendUnknown(reply: FastifyReply): FastifyReply {
  return sendFailure(reply, 404, 'no such page; / lists the targets and their pages')
}

/** The description of pprofd's HTTP interface: https://spec.openapis.org/oas/v3.1.1.html */
import { type ParameterSettings, targetParameter } from '../shared-parameters.ts'
import { type Answer, headers, type Operation, refusals } from './operation.ts'
import { otherOperations } from './other-operations.ts'
import { queryParameter } from './parameter-schema.ts'
import { profileOperations } from './profile-operations.ts'

/** `settings`: those of this daemon, whose defaults and upper ends it says. */
export function openapiDocument(settings: ParameterSettings, version: string): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const operation of allOperations(settings)) {
    const item = paths[operation.path] ?? {}
    item[operation.method] = describe(operation)
    paths[operation.path] = item
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'pprofd',
      version,
      summary: "Go's /debug/pprof for Node.js, from outside the process",
      description,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'This daemon, at whatever end of a tunnel.' }],
    security: [{}, { bearer: [] }, { basic: [] }],
    tags,
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'The token of access.tokenFile.' },
        basic: { type: 'http', scheme: 'basic', description: 'The token as the password.' },
      },
      responses: Object.fromEntries(
        Object.entries(refusals).map(([status, text]) => [
          `Status${status}`,
          refusal(status, text),
        ]),
      ),
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, text]) => [name, header(text)]),
      ),
    },
  }
}

const description =
  'One daemon per host, on loopback only. A GET may start a profiler: the Host header must be a name of ' +
  'loopback, and requests of other web sites are refused. Of a repeated parameter the first counts, an ' +
  'empty one means its default, unknown ones are ignored. What goes wrong is one sentence as text/plain.'

const tags = [
  { name: 'profiles', description: 'Recordings of a target.' },
  { name: 'targets', description: 'The processes that can be asked about.' },
  { name: 'captures', description: 'Who takes what of which target.' },
  { name: 'daemon', description: 'pprofd itself.' },
  { name: 'pages', description: 'For people.' },
]

const ofTarget = '/targets/{target}'

/** Each path with its parameters of the path and the query. */
function allOperations(settings: ParameterSettings): readonly Operation[] {
  return [...profileOperations(settings), ...otherOperations].flatMap((operation) => {
    if (!operation.path.startsWith('/debug/')) return [operation]
    const parameters = choosesTarget(operation)
      ? { ...operation.parameters, target: targetParameter }
      : operation.parameters
    return [
      { ...operation, parameters },
      { ...operation, path: ofTarget + operation.path },
    ]
  })
}

/** Neither of these looks one up. */
function choosesTarget({ path, answers }: Operation): boolean {
  return !path.endsWith('/symbol') && !(301 in answers)
}

function describe(operation: Operation): object {
  const { method, path, tag, summary, description, parameters, body, answers } = operation
  const inPath = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    description: pathParameters[name],
    schema: { type: 'string' },
  }))
  const inQuery = Object.entries(parameters).map(([name, parameter]) =>
    queryParameter(name, parameter),
  )
  return {
    operationId: operationId(method, path),
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(operation.isOpen ? { security: [] } : {}),
    ...(inPath.length + inQuery.length === 0 ? {} : { parameters: [...inPath, ...inQuery] }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: contentOf(body) } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, answer]) => [status, answerOf(answer)]),
      ),
      ...Object.fromEntries(operation.refusals.map((status) => [status, refusalOf(status)])),
    },
  }
}

const pathParameters: Readonly<Record<string, string>> = {
  target: 'A pid, a name, the instance of /targets, or self, which is pprofd.',
  id: 'Of the header X-Pprofd-Capture, or of /captures.',
}

/** `get /targets/{target}/debug/pprof/heap` is `getTargetsTargetDebugPprofHeap`. */
function operationId(method: string, path: string): string {
  const words = path.split(/[^A-Za-z]+/).filter((word) => word !== '')
  const end = path.length > 1 && path.endsWith('/') ? ['index'] : []
  const all = path === '/' ? ['landing'] : [...words, ...end]
  return method + all.map((word) => word[0]?.toUpperCase() + word.slice(1)).join('')
}

function answerOf({ description, contentTypes, headers: names = [] }: Answer): object {
  return {
    description,
    ...(names.length === 0
      ? {}
      : {
          headers: Object.fromEntries(
            names.map((name) => [name, { $ref: `#/components/headers/${name}` }]),
          ),
        }),
    ...(contentTypes.length === 0 ? {} : { content: contentOf(contentTypes) }),
  }
}

function contentOf(types: readonly string[]): object {
  return Object.fromEntries(types.map((type) => [type, {}]))
}

function refusalOf(status: number): object {
  return { $ref: `#/components/responses/Status${status}` }
}

function refusal(status: string, description: string): object {
  const own = ownHeaders[status]
  return {
    description,
    ...(own === undefined ? {} : { headers: own }),
    content: { 'text/plain; charset=utf-8': { schema: { type: 'string' } } },
  }
}

function header(description: string): object {
  return { description, schema: { type: 'string' } }
}

/** Also a failure names its capture, where it had begun. */
const ofCapture = { 'X-Pprofd-Capture': { $ref: '#/components/headers/X-Pprofd-Capture' } }

const ownHeaders: Readonly<Record<string, object>> = {
  401: { 'WWW-Authenticate': header('How to send the token.') },
  405: { Allow: header('The methods that the path has.') },
  ...Object.fromEntries([409, 502, 503, 504].map((status) => [status, ofCapture])),
  429: { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer' } } },
}

/** What a thread waits for: its sockets, requests, timers and other resources, with who awaits each. */
import type { CommandOptions, Session } from '../inspector/session.ts'
import {
  type Draft,
  draftEntries,
  type LocatedFunction,
  type Piece,
  separateDrafts,
} from './draft-entries.ts'
import type { Cut } from './goroutine-entry.ts'
import { findInternals, type RemoteInternals } from './goroutine-internals.ts'
import { type Probed, probeSubjects } from './goroutine-probe.ts'
import type { Limits, RawEntry } from './in-target/collector.ts'
import { heldFunctions, holdMore } from './in-target/held.ts'
import { inventory, type RawInventory } from './in-target/inventory.ts'
import { jobKind, nativeJobs } from './in-target/native-jobs.ts'
import { isResolveFunction, own } from './in-target/own.ts'
import { inventoryParts } from './in-target/parts.ts'
import { functionDeclaration } from './in-target/target-source.ts'
import { type RemoteFunction, remoteFunction } from './remote-functions.ts'
import {
  callForJson,
  callForObject,
  type MeteredOptions,
  releaseObjects,
  remoteObject,
  remoteProperties,
} from './remote-objects.ts'
import { type Learned, learnScriptUrls, type ScriptUrls } from './script-urls.ts'

export interface InventoryOptions extends CommandOptions {
  readonly maxFrames: number
  readonly limits: Limits
  readonly urls: ScriptUrls
  /** How long the thread may stand still for learning which files its callbacks are in. */
  readonly maxLocateMs: number
  /** Leave out the jobs of zlib, crypto and c-ares, which take longest to list. (default: false) */
  readonly withoutJobs?: boolean | undefined
  /** Where they are known already. */
  readonly internals?: RemoteInternals | undefined
  /** The session's profiler is on, and stays so. (default: false) */
  readonly isProfiling?: boolean | undefined
}

export interface Inventory {
  readonly drafts: readonly Draft[]
  /** The same before those that look alike were merged. */
  readonly pieces: readonly Piece[]
  readonly cuts: readonly Cut[]
  readonly notes: readonly string[]
  readonly costMs: number
}

/** 2 to 4 ms of work for a small program, which took Node 24 up to 20 ms; it grows with the handles. */
const maxHandles = 500

/** Timers are grouped, so their entries come on top of the limit; nobody has so many groups. */
const timerGroups = 5000

export async function readInventory(
  session: Session,
  options: InventoryOptions,
): Promise<Inventory> {
  try {
    const holder = await remoteObject(session, '({})', options)
    if (holder === undefined) {
      const notes = ['its objects are out of reach']
      return { drafts: [], pieces: [], cuts: [], notes, costMs: 0 }
    }
    return await read(session, holder, options)
  } finally {
    await releaseObjects(session)
  }
}

async function read(
  session: Session,
  holder: string,
  options: InventoryOptions,
): Promise<Inventory> {
  const { maxFrames, limits } = options
  const meter = { costMs: 0 }
  const internals = options.internals ?? (await findInternals(session, { ...options, meter }))
  const missing = Object.entries(internals).filter(([, objectId]) => objectId === undefined)
  const raw = await list(session, holder, internals, options)
  const jobs = options.withoutJobs ? noJobs : await listJobs(session, holder, internals, options)
  const found = await findFunctions(session, holder, { ...options, meter })
  const learned = await learnUrls(session, found, options)
  const probed = await probeAll(session, holder, found, raw.subjectCount, options)
  const functions = located(found, raw.subjectCount, options.urls)
  const findings = { functions, chains: probed.chains, maxFrames }
  const steps = [meter, raw, jobs, learned, probed]
  // The target's word for its own limits is not taken.
  const listed = raw.entries.slice(0, limits.maxEntries + timerGroups)
  const all = [...listed, ...jobs.entries.slice(0, 100)]
  return {
    drafts: draftEntries(all, findings),
    pieces: separateDrafts(all, findings),
    cuts: raw.cuts,
    notes: [
      ...missing.map(([name]) => `Node's ${name} is out of reach: what it lists is left out`),
      ...raw.failures.map((failure) => `a part of the inventory failed: ${failure}`),
      ...(jobs.isPossible
        ? []
        : ['jobs of zlib, crypto and c-ares are left out: it has too many handles']),
      ...(learned.refusal === undefined ? [] : [learned.refusal]),
      ...probed.notes,
    ],
    costMs: steps.reduce((sum, { costMs }) => sum + costMs, 0),
  }
}

async function list(
  session: Session,
  holder: string,
  { internalBinding, timerListMap, immediateQueue }: RemoteInternals,
  options: InventoryOptions,
): Promise<RawInventory> {
  const declaration = functionDeclaration(inventory, inventoryParts)
  const parameters = [
    ...[internalBinding, timerListMap, immediateQueue].map((objectId) =>
      objectId === undefined ? { value: undefined } : { objectId },
    ),
    { value: options.limits },
  ]
  return (await callForJson(session, holder, declaration, parameters, options)) as RawInventory
}

interface Jobs {
  readonly entries: readonly RawEntry[]
  readonly isPossible: boolean
  readonly costMs: number
}

const noJobs: Jobs = { entries: [], isPossible: true, costMs: 0 }

async function listJobs(
  session: Session,
  holder: string,
  { internalBinding }: RemoteInternals,
  options: CommandOptions,
): Promise<Jobs> {
  // What cannot be reached is told already.
  if (internalBinding === undefined) return noJobs
  const declaration = functionDeclaration(nativeJobs, [own, jobKind])
  const parameters = [{ objectId: internalBinding }, { value: maxHandles }]
  return (await callForJson(session, holder, declaration, parameters, options)) as Jobs
}

type Functions = readonly (RemoteFunction | undefined)[]

/** In the order of the inventory; between any two the target's event loop runs. */
async function findFunctions(
  session: Session,
  holder: string,
  options: MeteredOptions,
): Promise<Functions> {
  const listId = await callForObject(session, holder, functionDeclaration(heldFunctions), options)
  const items = listId === undefined ? [] : await remoteProperties(session, listId, options)
  const functions: (RemoteFunction | undefined)[] = []
  for (const { name, objectId } of items) {
    if (!/^\d+$/.test(name) || objectId === undefined) continue
    functions.push(await remoteFunction(session, objectId, options))
  }
  return functions
}

async function learnUrls(
  session: Session,
  functions: Functions,
  { urls, maxLocateMs, isProfiling, timeoutMs, signal }: InventoryOptions,
): Promise<Learned> {
  const scriptIds = functions.flatMap((each) => each?.scriptId ?? [])
  if (urls.hasAll(scriptIds)) return { costMs: 0, refusal: undefined }
  const options = { maxPauseMs: maxLocateMs, isProfiling, timeoutMs, signal }
  return learnScriptUrls(session, urls, options)
}

/** What the closures of function `n` close over comes after the subjects of the inventory, in order. */
function located(
  functions: Functions,
  firstSubject: number,
  urls: ScriptUrls,
): ReadonlyMap<number, LocatedFunction> {
  const places = new Map<number, LocatedFunction>()
  let next = firstSubject
  for (const [index, each] of functions.entries()) {
    if (each === undefined) continue
    const { scriptId, line, column, resolvers } = each
    const subjects = resolvers.map(() => next++)
    places.set(index, { url: urls.get(scriptId) ?? '', line, column, subjects })
  }
  return places
}

async function probeAll(
  session: Session,
  holder: string,
  functions: Functions,
  subjectCount: number,
  options: InventoryOptions,
): Promise<Probed> {
  const resolvers = functions.flatMap((each) => each?.resolvers ?? [])
  const more = functionDeclaration(holdMore, [own, isResolveFunction])
  const closures = resolvers.map((objectId) => ({ objectId }))
  if (closures.length > 0) await callForJson(session, holder, more, closures, options)
  return probeSubjects(session, holder, subjectCount + closures.length, options)
}

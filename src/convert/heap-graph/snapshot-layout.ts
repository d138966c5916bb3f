/**
 * The header of a snapshot, `snapshot.meta`: which numbers make up a node, an edge and a location. It
 * differs between versions of V8 (`trace_node_id` is there or not), so nothing of it is assumed.
 */
import { invalidSnapshot } from './invalid-snapshot.ts'

export interface SnapshotLayout {
  readonly nodeCount: number
  readonly edgeCount: number
  readonly nodeFieldCount: number
  readonly nodeType: number
  readonly nodeName: number
  readonly nodeId: number
  readonly nodeSelfSize: number
  readonly nodeEdgeCount: number
  readonly nodeTypeNames: readonly string[]
  readonly edgeFieldCount: number
  readonly edgeType: number
  readonly edgeName: number
  readonly edgeTarget: number
  readonly edgeTypeNames: readonly string[]
  /** Undefined where the snapshot has none. */
  readonly location: LocationLayout | undefined
}

export interface LocationLayout {
  readonly fieldCount: number
  readonly node: number
  readonly scriptId: number
  readonly line: number
  readonly column: number
}

/** V8 has 7 fields and 16 types; types are kept in a byte. */
const maxFields = 64
const maxTypes = 256

/** A count beyond this would not fit the 32 bits of ordinals. V8's own ids have 32 bits, too. */
const maxCount = 2 ** 31

/** `json` is the text of the member `snapshot`. */
export function readLayout(json: string): SnapshotLayout {
  const snapshot = asRecord(parse(json), 'snapshot')
  const meta = asRecord(snapshot.meta, 'snapshot.meta')
  const nodes = fieldsOf(meta, 'node_fields')
  const edges = fieldsOf(meta, 'edge_fields')
  const nodeType = nodes.at('type')
  const edgeType = edges.at('type')
  return {
    nodeCount: countOf(snapshot, 'node_count'),
    edgeCount: countOf(snapshot, 'edge_count'),
    nodeFieldCount: nodes.count,
    nodeType,
    nodeName: nodes.at('name'),
    nodeId: nodes.at('id'),
    nodeSelfSize: nodes.at('self_size'),
    nodeEdgeCount: nodes.at('edge_count'),
    nodeTypeNames: typeNames(meta, 'node_types', nodeType),
    edgeFieldCount: edges.count,
    edgeType,
    edgeName: edges.at('name_or_index'),
    edgeTarget: edges.at('to_node'),
    edgeTypeNames: typeNames(meta, 'edge_types', edgeType),
    location: meta.location_fields === undefined ? undefined : locationLayout(meta),
  }
}

function locationLayout(meta: Record<string, unknown>): LocationLayout {
  const fields = fieldsOf(meta, 'location_fields')
  return {
    fieldCount: fields.count,
    node: fields.at('object_index'),
    scriptId: fields.at('script_id'),
    line: fields.at('line'),
    column: fields.at('column'),
  }
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch (cause) {
    throw invalidSnapshot('its header is no JSON', cause)
  }
}

function asRecord(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  throw invalidSnapshot(`${what} is no object`)
}

function fieldsOf(meta: Record<string, unknown>, key: string) {
  const names = textList(meta[key], key)
  return {
    count: names.length,
    at(name: string): number {
      const index = names.indexOf(name)
      if (index < 0) throw invalidSnapshot(`snapshot.meta.${key} lacks ${name}`)
      return index
    },
  }
}

function typeNames(meta: Record<string, unknown>, key: string, field: number): readonly string[] {
  const types = meta[key]
  if (!Array.isArray(types)) throw invalidSnapshot(`snapshot.meta.${key} is no list`)
  return textList(types[field], key)
}

function textList(value: unknown, key: string): readonly string[] {
  const limit = key.endsWith('_fields') ? maxFields : maxTypes
  if (Array.isArray(value) && value.length > 0 && value.length <= limit) {
    if (value.every((item) => typeof item === 'string')) return value
  }
  throw invalidSnapshot(`snapshot.meta.${key} is no list of 1 to ${limit} names`)
}

function countOf(snapshot: Record<string, unknown>, key: string): number {
  const count = Number(snapshot[key])
  if (typeof snapshot[key] === 'number' && Number.isInteger(count) && count >= 0) {
    if (count < maxCount) return count
  }
  throw invalidSnapshot(`snapshot.${key} is no count below ${maxCount}`)
}

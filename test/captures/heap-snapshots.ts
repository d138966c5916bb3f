// What the tests of heap snapshots share: targets with heaps worth a look, and reading a snapshot.
import type { Test } from 'tap'
import type { SpawnedTarget, SpawnTargetOptions } from '../fixtures/support/spawn-target.ts'
import { obey, spawnObedient } from '../targets/new-targets.ts'

export const marker = 'planted été'

/** A target whose snapshot has some 20 MB for every 100,000 of `objects`. */
export async function spawnWithHeap(
  t: Test,
  objects: number,
  options: SpawnTargetOptions = {},
): Promise<SpawnedTarget> {
  const spawned = await spawnObedient(t, options)
  const fill = `Array.from({ length: ${objects} }, (_, i) => ({ i, a: [i], s: 's' + i }))`
  await obey(spawned, `globalThis.keep = { marker: '${marker}', objects: ${fill} }`)
  return spawned
}

/** The inspector's port of a target that was started with --inspect=0. */
export async function inspectorPort({ stderr }: SpawnedTarget): Promise<number> {
  const line = await stderr.waitFor(/^Debugger listening on ws:/)
  return Number(/:(\d+)\//.exec(line)?.[1])
}

/** Gathers what a capture writes. */
export function collector() {
  const chunks: Uint8Array[] = []
  return {
    write: (chunk: Uint8Array) => void chunks.push(chunk),
    sizeBytes: () => chunks.reduce((sum, { length }) => sum + length, 0),
    bytes: () => Buffer.concat(chunks),
  }
}

/** The parsed snapshot, after its own counts were compared with what it holds. */
export function checkSnapshot(t: Test, json: Uint8Array) {
  const { snapshot, nodes, edges, strings } = JSON.parse(Buffer.from(json).toString())
  t.equal(nodes.length, snapshot.node_count * snapshot.meta.node_fields.length)
  t.equal(edges.length, snapshot.edge_count * snapshot.meta.edge_fields.length)
  return { snapshot, strings: strings as string[] }
}

// A CPU profile of V8's shape: deep stacks in bursts, a few thousand functions, ticks by line, and the
// same one for the same size.
export function syntheticProfile(nodeCount, sampleCount) {
  const random = randomOf(42)
  const functionCount = Math.max(50, Math.round(nodeCount / 10))
  const functions = Array.from({ length: functionCount }, (_, index) => ({
    functionName: index % 7 === 0 ? '' : `handleRequest${index}`,
    scriptId: String(index >> 3),
    url: `file:///srv/shop/${index % 3 === 0 ? 'node_modules/some-package/lib' : 'src/services'}/module-${index >> 3}.js`,
    lineNumber: (index % 8) * 40,
    columnNumber: index % 80,
  }))
  const native = (functionName) => {
    return { functionName, scriptId: '0', url: '', lineNumber: -1, columnNumber: -1 }
  }
  const nodes = [{ id: 1, callFrame: native('(root)'), hitCount: 0, children: [] }]
  const depths = [0]
  const add = (parent, callFrame) => {
    const node = { id: nodes.length + 1, callFrame, hitCount: 0 }
    nodes.push(node)
    depths.push(depths[parent] + 1)
    nodes[parent].children ??= []
    nodes[parent].children.push(node.id)
  }
  for (const name of ['(program)', '(idle)', '(garbage collector)']) add(0, native(name))
  while (nodes.length < nodeCount) {
    // Mostly deeper from the newest node; sometimes back to an older one. V8 stops at 255 frames.
    const newest = nodes.length - 1
    const isNew = random() < 0.15 || depths[newest] >= 60 || newest < 4
    const parent = isNew ? pickParent(random, nodes.length) : newest
    add(parent, functions[Math.floor(random() * functionCount)])
  }

  const samples = []
  const timeDeltas = []
  for (let index = 0; index < sampleCount; index++) {
    // A few stacks are hot, most are seen once or never; a third of the time is idle.
    const at = random() < 0.3 ? 2 : 1 + Math.floor(random() ** 3 * (nodes.length - 1))
    const node = nodes[at]
    node.hitCount++
    samples.push(node.id)
    timeDeltas.push(900 + Math.floor(random() * 400))
    if (node.callFrame.url === '') continue
    node.positionTicks ??= []
    const line = node.callFrame.lineNumber + 1 + Math.floor(random() * 3)
    const tick = node.positionTicks.find((known) => known.line === line)
    if (tick) tick.ticks++
    else node.positionTicks.push({ line, ticks: 1 })
  }
  const startTime = 5_000_000_000
  const endTime = timeDeltas.reduce((sum, delta) => sum + delta, startTime) + 1000
  return JSON.stringify({ nodes, startTime, endTime, samples, timeDeltas })
}

function pickParent(random, count) {
  const parent = Math.floor(random() * count)
  return parent >= 1 && parent <= 3 ? 0 : parent
}

/** mulberry32: https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
function randomOf(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

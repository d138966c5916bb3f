// What pprofd promises about cost and speed, and where its figure, and that of what it is compared with, stand in
// the results of a benchmark. A limit is of the figure itself (`atMost`, `atLeast`) or of its ratio to the other
// (`ofRivalAtMost`, `ofRivalAtLeast`).
const busyKinds = ['hello', 'fastify', 'deep', 'heap', 'promises', 'workers']
const datadog = '@datadog/pprof, 100 Hz'
const work = 'work done, of that without'
/** The main thread's, where it is that which works. */
const unitCpu = (kind) => `CPU of a unit, ${kind === 'workers' ? 'process' : 'main thread'}`

export const goals = [
  ...['door closed', 'door open', 'door closed, asked again and again'].flatMap((way) => [
    {
      goal: `throughput, recorded all the time at 100 Hz, ${way}: at least 0.99 of unprofiled`,
      benchmark: 'recorder',
      figure: ['50000', way, work],
      atLeast: 0.99,
    },
    {
      goal: `p99, recorded all the time at 100 Hz, ${way}: at most 1.25 x unprofiled`,
      benchmark: 'recorder',
      figure: ['50000', way, 'p99 of a turn, of that without'],
      atMost: 1.25,
    },
  ]),
  ...busyKinds.flatMap((kind) =>
    ['pprofd all the time, 100 Hz', 'pprofd on request, 100 Hz'].flatMap((contender) => [
      {
        goal: `throughput, ${kind}, ${contender}: at least 0.99 of unprofiled`,
        benchmark: 'throughput',
        figure: [`${kind}, 100 Hz`, contender, work],
        atLeast: 0.99,
      },
      {
        goal: `throughput, ${kind}, ${contender}: not below @datadog/pprof's`,
        benchmark: 'throughput',
        figure: [`${kind}, 100 Hz`, contender, work],
        rival: [`${kind}, 100 Hz`, datadog, work],
        ofRivalAtLeast: 1,
      },
      {
        goal: `CPU time of a unit, ${kind}, ${contender}: not above @datadog/pprof's`,
        benchmark: 'throughput',
        figure: [`${kind}, 100 Hz`, contender, unitCpu(kind)],
        rival: [`${kind}, 100 Hz`, datadog, unitCpu(kind)],
        ofRivalAtMost: 1,
      },
    ]),
  ),
  ...busyKinds.map((kind) => ({
    goal: `throughput, ${kind}, pprofd all the time, 100 Hz: not below V8's profiler alone`,
    benchmark: 'throughput',
    figure: [`${kind}, 100 Hz`, 'pprofd all the time, 100 Hz', work],
    rival: [`${kind}, 100 Hz`, "V8's profiler all the time, 100 Hz", work],
    ofRivalAtLeast: 1,
  })),
  {
    goal: 'pause of a request out of the chain, 50,000 functions: at most 5 ms (beside: one of its own)',
    benchmark: 'recorder',
    figure: ['50000', 'door closed', 'longest at a request, out of the chain, ms'],
    rival: ['50000', 'door closed', 'of its own, ms'],
    atMost: 5,
  },
  {
    goal: 'longest turn with cuts, 50,000 functions: at most 5 ms (beside: the twin without)',
    benchmark: 'recorder',
    figure: ['50000', 'door closed', 'longest turn, ms'],
    rival: ['50000', 'door closed', 'and without'],
    atMost: 5,
  },
  ...['inspector open', 'SIGUSR1'].map((how) => ({
    goal: `cold start, 50,000 functions, ${how}: at most 1.05 x a bare Profiler.start, inspector open`,
    benchmark: 'latency',
    figure: ['50000', `pprofd, ${how}`, 'start pause'],
    rival: ['50000', 'bare client, inspector open', 'start pause'],
    ofRivalAtMost: 1.05,
  })),
  {
    goal: 'end of a deep profile: a few ms (beside: one Profiler.stop)',
    benchmark: 'windows',
    figure: ['windows', 'deep: pprofd', 'longest turn after the start, ms'],
    rival: ['windows', 'deep: one Profiler.stop', 'longest turn after the start, ms'],
    atMost: 10,
  },
  ...['1000', '50000'].flatMap((functions) => [
    {
      goal: `cold request, ${functions} functions: at most 300 ms beyond its window and V8's start and stop`,
      benchmark: 'latency',
      figure: ['goals', `${functions} functions, cold`, 'beyond'],
      atMost: 300,
    },
    ...[
      { how: 'out of the chain', row: 'chain' },
      { how: "of a kept session, with V8's start", row: 'warm' },
    ].map(({ how, row }) => ({
      goal: `warm request ${how}, ${functions} functions: at most 50 ms beyond its window and V8's stop`,
      benchmark: 'latency',
      figure: ['goals', `${functions} functions, ${row}`, 'beyond'],
      atMost: 50,
    })),
    {
      goal: `inspector open, ${functions} functions: at most 500 ms beyond the window and V8's start and stop`,
      benchmark: 'latency',
      figure: ['goals', `${functions} functions, cold`, 'inspector open beyond'],
      atMost: 500,
    },
  ]),
  ...[
    { nodes: '20000', times: 3 },
    { nodes: '200000', times: 2 },
  ].flatMap(({ nodes, times }) => [
    ...['first run, CPU ms', 'later, CPU ms'].map((column) => ({
      goal: `conversion of ${nodes} nodes, ${column}: ${times} x as fast as @datadog/pprof's serializer`,
      benchmark: 'conversion',
      figure: [nodes, 'pprofd', column],
      rival: [nodes, '@datadog/pprof', column],
      ofRivalAtMost: 1 / times,
    })),
    {
      goal: `conversion of ${nodes} nodes: at most 3 x the JSON in memory`,
      benchmark: 'conversion',
      figure: [nodes, 'pprofd', 'memory, x JSON'],
      rival: [nodes, '@datadog/pprof', 'memory, x JSON'],
      atMost: 3,
    },
    {
      goal: `conversion of ${nodes} nodes: the loop held up for at most 20 ms`,
      benchmark: 'conversion',
      figure: [nodes, 'pprofd', 'longest turn of the loop, ms'],
      rival: [nodes, '@datadog/pprof', 'longest turn of the loop, ms'],
      atMost: 20,
    },
  ]),
  ...['pprofd, the map alone', 'pprofd'].flatMap((contender) =>
    ['wall ms', 'peak MB'].map((column) => ({
      goal: `source map of 10 MB, ${contender}, ${column}: a fifth of trace-mapping's`,
      benchmark: 'sourcemaps',
      figure: ['generated', contender, column],
      rival: ['generated', '@jridgewell/trace-mapping', column],
      ofRivalAtMost: 0.2,
    })),
  ),
  {
    goal: 'heap snapshot of 1 GB: daemon at most 100 MB above idle',
    benchmark: 'heapsnapshot',
    figure: ['snapshots', 'pprofd, the client takes all it gets', 'daemon peak above'],
    atMost: 100,
  },
  {
    goal: 'daemon ready in at most 300 ms (beside: Node alone)',
    benchmark: 'start-up',
    figure: ['servers', 'pprofd serve', 'until it listens, ms'],
    rival: ['servers', 'node alone', 'until it listens, ms'],
    atMost: 300,
  },
  {
    goal: 'daemon idle: at most 60 MB resident (beside: Node alone)',
    benchmark: 'start-up',
    figure: ['servers', 'pprofd serve', 'resident, MB'],
    rival: ['servers', 'node alone', 'resident, MB'],
    atMost: 60,
  },
  {
    goal: 'daemon idle with 50 known targets: 0.0 % of a CPU',
    benchmark: 'discovery',
    figure: ['idle', 'cpuPercent'],
    // What is written as 0.0.
    atMost: 0.05,
  },
  {
    goal: 'discovery of 1,000 processes: at most 50 ms (beside: reading the link of every executable)',
    benchmark: 'discovery',
    figure: ['discovery', 'pprofd, again', 'wall, ms'],
    rival: ['discovery', 'every exe link, one after the other', 'wall, ms'],
    atMost: 50,
  },
  ...['50', '50, at work'].map((targets) => ({
    goal: `${targets}: targets at once, 10 s: all answered within 12 s`,
    benchmark: 'many',
    figure: [targets, 'until the last answer, ms'],
    atMost: 12_000,
  })),
]

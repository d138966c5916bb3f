// Parts of prom-client, each from the file that has it: its index also loads OpenTelemetry's API and
// the sketches of its summaries, four fifths of what it weighs.
declare module 'prom-client/lib/registry.js' {
  export { Registry as default } from 'prom-client'
}
declare module 'prom-client/lib/counter.js' {
  export { Counter as default } from 'prom-client'
}
declare module 'prom-client/lib/gauge.js' {
  export { Gauge as default } from 'prom-client'
}
declare module 'prom-client/lib/histogram.js' {
  export { Histogram as default } from 'prom-client'
}
declare module 'prom-client/lib/metrics/*' {
  import type { Registry } from 'prom-client'

  /** Registers what the file is called after, of this process. */
  const register: (registry: Registry) => void
  export default register
}

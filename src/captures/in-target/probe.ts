/**
 * Runs in the target, see target-source.ts: who awaits a promise, by V8's own account.
 *
 * Captured in a microtask, an Error's stack goes on with the async functions that await the microtask's
 * promise. Here that promise has one reaction, the element function of a Promise.all whose result the
 * capability constructor says is the promise in question: so V8 goes on with that one's awaiters.
 * It is not touched. V8 follows promises with exactly one reaction only; nobody awaits a shared one.
 */
import { clockMs } from './clock-ms.ts'
import { type CallSite, callSites, type RawFrame, rawFrame } from './stack-frames.ts'

/**
 * Tells `onChain` who awaits each, in order, until the time is up: none where V8 cannot tell. Resolves
 * to how many were asked. `subjects`: promises, and resolve functions of promises, which are not called.
 */
export function probe(
  subjects: readonly unknown[],
  maxFrames: number,
  budgetMs: number,
  onChain: (chain: readonly RawFrame[]) => void,
): Promise<number> {
  const startedMs = clockMs()
  // The intrinsic one, whatever the program has put into the global.
  const Intrinsic = (async () => {})().constructor as PromiseConstructor
  const { all, prototype } = Intrinsic
  const subscribe = prototype.then
  const ignore = () => {}
  const resolved = Intrinsic.resolve()
  const isIntrinsic = /\[native code\]/.test(Function.prototype.toString.call(subscribe))
  let current: unknown
  let asked = 0
  function Capability(executor: (resolve: () => void, reject: () => void) => void): unknown {
    executor(ignore, ignore)
    return current
  }
  Capability.resolve = (value: unknown) => value
  // What it throws would only reject a promise that Promise.all has handled.
  function capture(): void {
    let sites: readonly CallSite[] = []
    try {
      // The first one is the Promise.all of ours.
      sites = callSites(capture, maxFrames + 1).slice(1)
    } finally {
      asked++
      onChain(sites.map(rawFrame))
    }
  }
  return new Intrinsic((done) => {
    if (!isIntrinsic) return done(0)
    for (const subject of subjects) {
      if (clockMs() - startedMs > budgetMs) break
      if (typeof subject === 'function') {
        // A promise that never settles, and would settle the one that the function belongs to.
        const never = new Intrinsic<unknown>(ignore)
        subscribe.call(never, subject as () => void, undefined)
        current = never
      } else {
        current = subject
      }
      Reflect.apply(all, Capability, [[subscribe.call(resolved, capture, undefined)]])
    }
    current = undefined
    const finish = () => done(asked)
    subscribe.call(resolved, finish, finish)
  })
}

/** What the kernel, and files, tell of a target. Nothing in the target notices. */
import { findThread } from '../proc/find-thread.ts'
import { readNodeVersion } from '../proc/node-version.ts'
import { type CpuTime, readCpuTime } from '../proc/thread-times.ts'
import { ThreadWatch } from '../proc/thread-watch.ts'
import { type KernelView, kernelView } from './kernel-view.ts'
import { type ProcessMemory, readProcessMemory } from './process-memory.ts'
import { type ProcessTimes, processTimes } from './process-times.ts'
import { readScrapeFigures, type ScrapeFigures } from './scrape-figures.ts'
import type { Target } from './target.ts'
import { readTargetFigures, type TargetFigures } from './target-figures.ts'
import { readTargetPackages, type TargetPackages } from './target-packages.ts'
import { type TargetThreads, targetThreads } from './target-threads.ts'

export class TargetFacts {
  /** Where the host's /proc is mounted. */
  readonly procRoot: string

  constructor(procRoot: string) {
    this.procRoot = procRoot
  }

  /** What the kernel knows of the target's threads and children, whether it answers or not. */
  kernelView(target: Target): Promise<KernelView> {
    return kernelView(target, this.procRoot)
  }

  /** Threads of that process, as the kernel sees them while something is recorded. */
  watchThreads(pid: number, intervalMs: number): ThreadWatch {
    return new ThreadWatch(pid, { intervalMs, procRoot: this.procRoot })
  }

  /** The thread that has this id in its own pid namespace; undefined when there is none. */
  findThread(pid: number, innermostTid: number): Promise<number | undefined> {
    return findThread(pid, innermostTid, this.procRoot)
  }

  /** The CPU time of all its threads; undefined where it is known by its port only, or gone. */
  processTimes(target: Target): Promise<ProcessTimes | undefined> {
    return processTimes(target, this.procRoot)
  }

  /** Its threads and what each is for; undefined where it is known by its port only, or gone. */
  threads(target: Target, workers?: ReadonlySet<number>): Promise<TargetThreads | undefined> {
    return targetThreads(target, this.procRoot, workers)
  }

  /** The CPU time of one of its threads. */
  cpuTime({ pid }: Target, tid: number): Promise<CpuTime | undefined> {
    return readCpuTime(pid, tid, this.procRoot)
  }

  /** The npm packages that files of the target belong to. */
  packages(target: Target, files: Iterable<string>): Promise<TargetPackages> {
    return readTargetPackages(target, files, this.procRoot)
  }

  /** What the kernel says of the target's memory and its limits. */
  memory({ pid }: Target): Promise<ProcessMemory> {
    return readProcessMemory(pid, this.procRoot)
  }

  /** CPU time, memory and the like, for a display. */
  figures(target: Target): Promise<TargetFigures | undefined> {
    return readTargetFigures(target, this.procRoot)
  }

  /** What `/proc` tells of each of them at a scrape; without those that are gone. */
  scrapeFigures(targets: readonly Target[]): Promise<readonly ScrapeFigures[]> {
    return readScrapeFigures(targets, this.procRoot)
  }

  /** Such as `v20.20.2`; undefined where its executable does not tell. */
  async nodeVersion({ kind, pid }: Target): Promise<string | undefined> {
    if (kind === 'self') return process.version
    return pid === 0 ? undefined : readNodeVersion(pid, this.procRoot)
  }
}

/** The commands and events of the inspector that pprofd uses, typed by Node's own declarations. */
import type { HeapProfiler, NodeTracing, NodeWorker, Profiler, Runtime } from 'node:inspector'
import type { ConsoleProfileFinished } from './profile-event.ts'

type Nothing = Record<string, never>

/** The last two are not in @types/node 20; V8 of Node 18 ignores them. */
interface HeapSamplingParameters {
  /** Mean number of bytes between two samples. */
  readonly samplingInterval: number
  readonly includeObjectsCollectedByMajorGC?: boolean
  readonly includeObjectsCollectedByMinorGC?: boolean
}

/** Method -> [parameters, result]. */
export interface Commands {
  'Runtime.evaluate': [Runtime.EvaluateParameterType, Runtime.EvaluateReturnType]
  'Runtime.callFunctionOn': [Runtime.CallFunctionOnParameterType, Runtime.CallFunctionOnReturnType]
  'Runtime.getProperties': [Runtime.GetPropertiesParameterType, Runtime.GetPropertiesReturnType]
  'Runtime.queryObjects': [Runtime.QueryObjectsParameterType, Runtime.QueryObjectsReturnType]
  'Runtime.releaseObjectGroup': [Runtime.ReleaseObjectGroupParameterType, Nothing]
  /** Of the thread that answers; garbage counts until it is collected. */
  'Runtime.getHeapUsage': [Nothing, { readonly usedSize: number; readonly totalSize: number }]
  /** Does nothing; its round trip is the cost of the way. */
  'Runtime.getIsolateId': [Nothing, { readonly id: string }]
  /** Not in @types/node 20. Without it an attached session blocks the target's exit. */
  'NodeRuntime.notifyWhenWaitingForDisconnect': [{ readonly enabled: boolean }, Nothing]
  'HeapProfiler.takeHeapSnapshot': [HeapProfiler.TakeHeapSnapshotParameterType, Nothing]
  'HeapProfiler.collectGarbage': [Nothing, Nothing]
  'HeapProfiler.disable': [Nothing, Nothing]
  'HeapProfiler.getSamplingProfile': [Nothing, HeapProfiler.GetSamplingProfileReturnType]
  'HeapProfiler.startSampling': [HeapSamplingParameters, Nothing]
  'HeapProfiler.stopSampling': [Nothing, HeapProfiler.StopSamplingReturnType]
  'NodeTracing.start': [NodeTracing.StartParameterType, Nothing]
  'NodeTracing.stop': [Nothing, Nothing]
  'NodeWorker.enable': [NodeWorker.EnableParameterType, Nothing]
  'NodeWorker.disable': [Nothing, Nothing]
  'NodeWorker.sendMessageToWorker': [NodeWorker.SendMessageToWorkerParameterType, Nothing]
  'NodeWorker.detach': [NodeWorker.DetachParameterType, Nothing]
  'Profiler.enable': [Nothing, Nothing]
  'Profiler.disable': [Nothing, Nothing]
  'Profiler.getBestEffortCoverage': [Nothing, Profiler.GetBestEffortCoverageReturnType]
  'Profiler.setSamplingInterval': [Profiler.SetSamplingIntervalParameterType, Nothing]
  'Profiler.start': [Nothing, Nothing]
  'Profiler.stop': [Nothing, Profiler.StopReturnType]
}

/** Method -> parameters. */
export interface Events {
  /** The target wants to exit and waits for us to let go. */
  'NodeRuntime.waitingForDisconnect': Nothing
  /** A piece of the snapshot's JSON text, of 100 KiB to 1 MiB. */
  'HeapProfiler.addHeapSnapshotChunk': HeapProfiler.AddHeapSnapshotChunkEventDataType
  'HeapProfiler.reportHeapSnapshotProgress': HeapProfiler.ReportHeapSnapshotProgressEventDataType
  /** Trace events of all threads; what they hold is not V8's to say, so it is nobody's word here. */
  'NodeTracing.dataCollected': { readonly value: readonly unknown[]; readonly broken?: boolean }
  /** Of a profile that `console.profile(title)` began: not parsed, as it can have 100 MB; see reply.ts. */
  'Profiler.consoleProfileFinished': ConsoleProfileFinished
  'NodeWorker.attachedToWorker': NodeWorker.AttachedToWorkerEventDataType
  'NodeWorker.detachedFromWorker': NodeWorker.DetachedFromWorkerEventDataType
  'NodeWorker.receivedMessageFromWorker': NodeWorker.ReceivedMessageFromWorkerEventDataType
}

export type Method = keyof Commands
export type Parameters<M extends Method> = Commands[M][0]
export type Result<M extends Method> = Commands[M][1]

/** The commands and events of the inspector that pprofd uses, typed by Node's own declarations. */
import type { NodeWorker, Profiler, Runtime } from 'node:inspector'

type Nothing = Record<string, never>

/** Method -> [parameters, result]. */
export interface Commands {
  'Runtime.evaluate': [Runtime.EvaluateParameterType, Runtime.EvaluateReturnType]
  /** Does nothing; its round trip is the cost of the way. */
  'Runtime.getIsolateId': [Nothing, { readonly id: string }]
  /** Not in @types/node 20. Without it an attached session blocks the target's exit. */
  'NodeRuntime.notifyWhenWaitingForDisconnect': [{ readonly enabled: boolean }, Nothing]
  'NodeWorker.enable': [NodeWorker.EnableParameterType, Nothing]
  'NodeWorker.disable': [Nothing, Nothing]
  'NodeWorker.sendMessageToWorker': [NodeWorker.SendMessageToWorkerParameterType, Nothing]
  'NodeWorker.detach': [NodeWorker.DetachParameterType, Nothing]
  'Profiler.enable': [Nothing, Nothing]
  'Profiler.disable': [Nothing, Nothing]
  'Profiler.setSamplingInterval': [Profiler.SetSamplingIntervalParameterType, Nothing]
  'Profiler.start': [Nothing, Nothing]
  'Profiler.stop': [Nothing, Profiler.StopReturnType]
}

/** Method -> parameters. */
export interface Events {
  /** The target wants to exit and waits for us to let go. */
  'NodeRuntime.waitingForDisconnect': Nothing
  'NodeWorker.attachedToWorker': NodeWorker.AttachedToWorkerEventDataType
  'NodeWorker.detachedFromWorker': NodeWorker.DetachedFromWorkerEventDataType
  'NodeWorker.receivedMessageFromWorker': NodeWorker.ReceivedMessageFromWorkerEventDataType
}

export type Method = keyof Commands
export type Parameters<M extends Method> = Commands[M][0]
export type Result<M extends Method> = Commands[M][1]

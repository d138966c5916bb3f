// One of the worker threads of busy-work.mjs: counts its units in a field that all share.
import { parentPort, workerData } from 'node:worker_threads'
import { ordinary } from './busy-work.mjs'

const unit = ordinary(1000)
parentPort.postMessage('ready')
Atomics.wait(workerData, 1, 0)
for (;;) {
  unit()
  Atomics.add(workerData, 0, 1)
  Atomics.wait(workerData, 1, 0)
}

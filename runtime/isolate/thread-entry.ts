import { parentPort, workerData } from 'node:worker_threads'
import { inhabit } from './guest-entry.ts'
import type { ThreadSettings } from './messages.ts'

const settings = workerData as ThreadSettings
const activity = new Int32Array(settings.activity)
const port = parentPort!

await inhabit({
  settings,
  post: (report) => port.postMessage(report),
  commands: (handle) => void port.on('message', handle),
  active: (instance) => void Atomics.store(activity, 0, instance),
})

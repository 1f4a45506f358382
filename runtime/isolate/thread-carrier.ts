import { Worker } from 'node:worker_threads'
import { ConnectError } from '../api/index.ts'
import { stackTrace } from '../telemetry/stack-trace.ts'
import type { Carrier, CarrierOptions } from './carrier.ts'
import type { Command, InstanceId, Report, ThreadSettings } from './messages.ts'

/** A worker thread. Cheap (one process, one heap per thread), but a heap that fills within one call ends the whole process. */
export class ThreadCarrier implements Carrier {
  readonly kind = 'thread'
  readonly #thread: Worker
  readonly #activity = new SharedArrayBuffer(4)

  constructor({ name, settings, memoryMaxMb, events }: CarrierOptions) {
    const workerData: ThreadSettings = { ...settings, activity: this.#activity }
    this.#thread = new Worker(new URL('./thread-entry.ts', import.meta.url), {
      name,
      workerData,
      // The watch ends a thread first, with a reason. V8 alone ends the whole process when a heap fills in one call.
      resourceLimits: { maxOldGenerationSizeMb: memoryMaxMb * 2 },
    })
    let reason: unknown
    this.#thread.on('message', (report: Report) => events.report(report))
    this.#thread.on('error', (error: unknown) => (reason ??= explained(error, name, memoryMaxMb)))
    this.#thread.on('exit', (code) =>
      events.ended(stackTrace(reason ?? new ConnectError(`thread ${name} ended with exit code ${code}`))),
    )
  }

  get lastActive(): InstanceId | undefined {
    const instance = Atomics.load(new Int32Array(this.#activity), 0)
    return instance === 0 ? undefined : instance
  }

  post(command: Command): void {
    this.#thread.postMessage(command)
  }

  /** Also from a thread that spins: the engine interrupts it for that. Never answered by one that is blocked. */
  async cpuMs(): Promise<number> {
    const { user, system } = await this.#thread.cpuUsage()
    return (user + system) / 1000
  }

  /** resourceLimits see the heap, not buffers; these figures come also from a thread that does not answer. */
  async memoryMb(): Promise<number> {
    const { used_heap_size, external_memory } = await this.#thread.getHeapStatistics()
    return (used_heap_size + external_memory) / 2 ** 20
  }

  async terminate(): Promise<void> {
    await this.#thread.terminate()
  }
}

function explained(error: unknown, name: string, memoryMaxMb: number): unknown {
  if ((error as { code?: unknown }).code !== 'ERR_WORKER_OUT_OF_MEMORY') return error
  return new ConnectError(`thread ${name} needed more memory than task.memory.max.mb=${memoryMaxMb} allows`, {
    cause: error,
  })
}

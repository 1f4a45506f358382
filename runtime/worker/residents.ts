import type { Logger } from '../api/index.ts'
import type { Isolate, IsolateEnd } from '../isolate/isolate.ts'
import type { IsolatePool } from '../isolate/isolate-pool.ts'
import type { InstanceId } from '../isolate/messages.ts'
import type { Housing, Resident } from './resident.ts'

/** Who lives where, and what becomes of the others when one of them brings down the house. */
export class Residents implements Housing {
  readonly #byInstance = new Map<InstanceId, { readonly resident: Resident; readonly isolate: Isolate }>()
  readonly #pool: () => IsolatePool
  readonly #logger: Logger
  #next: InstanceId = 1

  constructor(options: { readonly pool: () => IsolatePool; readonly logger: Logger }) {
    this.#pool = options.pool
    this.#logger = options.logger
  }

  nextInstance(): InstanceId {
    return this.#next++
  }

  find(instance: InstanceId): Resident | undefined {
    return this.#byInstance.get(instance)?.resident
  }

  moveIn(resident: Resident, isolate: Isolate, instance: InstanceId): void {
    isolate.instances.add(instance)
    this.#byInstance.set(instance, { resident, isolate })
  }

  moveOut(instance: InstanceId): void {
    const isolate = this.#byInstance.get(instance)?.isolate
    this.#byInstance.delete(instance)
    if (isolate === undefined) return
    isolate.instances.delete(instance)
    this.#pool().release(isolate)
  }

  /** An isolate died by itself: who is known to have done it fails, the others start again elsewhere. */
  houseLost(isolate: Isolate, end: IsolateEnd): void {
    const instances = [...isolate.instances]
    const alone = instances.length === 1
    isolate.instances.clear()
    for (const instance of instances) {
      const resident = this.find(instance)
      const guilty = alone || instance === end.culprit
      this.#logger.error(
        guilty
          ? `thread ${isolate.name} ended with ${resident?.label ?? instance}`
          : `thread ${isolate.name} ended under ${resident?.label ?? instance}, which starts again in another one`,
        { error: end.trace },
      )
      resident?.lost(end, guilty)
    }
  }

  /** Ends a guest that did not stop in time. Its thread goes too, unless others live there and it answers. */
  async evict(resident: Resident): Promise<void> {
    const home = resident.home
    if (home === undefined) return
    const { isolate, instance } = home
    const others = [...isolate.instances].filter((each) => each !== instance)
    this.#logger.warn(`${resident.label} did not stop in time and is ended`, { thread: isolate.name })
    isolate.post({ type: 'cancel', instance })
    if (others.length > 0 && isolate.silentMs < ANSWERS_WITHIN_MS) return
    isolate.instances.clear()
    await this.#pool().end(isolate)
    const end = { trace: `thread ${isolate.name} was ended because ${resident.label} held it\n`, culprit: instance }
    for (const other of others) this.find(other)?.lost(end, false)
  }
}

const ANSWERS_WITHIN_MS = 3000

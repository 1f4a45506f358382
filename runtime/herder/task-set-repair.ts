import { sleep } from '../async/abort.ts'
import { SerialLoop } from '../async/serial-loop.ts'
import { brokenTaskSets } from '../storage/cluster-config-state.ts'
import type { Leadership } from './leadership.ts'
import type { HerderParts } from './parts.ts'

/** A worker that starts the connector publishes its tasks itself; only what is still broken after so long needs more. */
const GRACE_MS = 3_000
const WRITE_TIMEOUT_MS = 30_000

/**
 * Has task sets generated anew that the leader found broken in the config log (KAFKA-17719). The connector's owner may have read the log before
 * compaction tore it and think all is well. So the leader commits an empty set, which all workers read alike, Java ones too, and asks for a restart of
 * the connector: its owner then finds that the set it generates is not the published one.
 */
export class TaskSetRepair implements Disposable {
  readonly #parts: HerderParts
  readonly #leadership: Leadership
  readonly #loop: SerialLoop

  constructor(parts: HerderParts, leadership: Leadership) {
    this.#parts = parts
    this.#leadership = leadership
    this.#loop = new SerialLoop({
      job: (signal) => this.#repair(signal),
      onError: (error) => parts.logger.warn('a broken set of tasks could not be repaired', { error }),
    })
  }

  /** The configuration or the group has changed. */
  poke(): void {
    if (brokenTaskSets(this.#parts.configs.state).length > 0) this.#loop.poke()
  }

  async #repair(signal: AbortSignal): Promise<void> {
    const { configs, logger } = this.#parts
    const seen = new Set(brokenTaskSets(configs.state))
    if (seen.size === 0 || !(await sleep(GRACE_MS, signal)) || !this.#leadership.isLeader) return
    const until = AbortSignal.any([signal, AbortSignal.timeout(WRITE_TIMEOUT_MS)])
    for (const connector of brokenTaskSets(configs.state)) {
      if (!seen.has(connector)) continue
      await this.#leadership.write(until, async () => {
        if (!brokenTaskSets(configs.state).includes(connector)) return
        logger.warn(`the tasks of ${connector} are incomplete in the config topic; having them generated anew`)
        await configs.putTaskConfigs(connector, [])
        await configs.putRestart({ connector, includeTasks: false, onlyFailed: false })
      })
    }
  }

  [Symbol.dispose](): void {
    void this.#loop[Symbol.asyncDispose]()
  }
}

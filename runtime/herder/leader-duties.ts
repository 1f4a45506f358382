import { generateKeySync } from 'node:crypto'
import type { SessionKey } from '../storage/config-records.ts'
import type { Leadership } from './leadership.ts'
import type { HerderParts } from './parts.ts'
import { TaskSetRepair } from './task-set-repair.ts'

/** What the leader does unasked: rotates the session key, clears statuses whose connector or task is gone, and repairs broken task sets. */
export class LeaderDuties {
  readonly #parts: HerderParts
  readonly #leadership: Leadership
  #timer: NodeJS.Timeout | undefined
  #writing = false
  #leads = false
  readonly #repairs: TaskSetRepair

  constructor(parts: HerderParts, leadership: Leadership) {
    this.#parts = parts
    this.#leadership = leadership
    this.#repairs = new TaskSetRepair(parts, leadership)
  }

  /** After a rebalance, and when the configuration changed. */
  poke(): void {
    clearTimeout(this.#timer)
    this.#claim()
    if (!this.#leadership.isLeader) return
    this.#clearStatuses()
    // Under the other protocols there are workers that know no session keys.
    if (this.#parts.group.protocol === 'sessioned') this.#rotate()
    this.#repairs.poke()
  }

  /** With exactly-once support: from now on no former leader writes to the config topic. A claim that fails is repeated with the next write. */
  #claim(): void {
    const { isLeader } = this.#leadership
    if (this.#leads === isLeader) return
    this.#leads = isLeader
    const { configs, logger } = this.#parts
    const done = isLeader ? configs.claim() : configs.resign()
    done.catch((error: unknown) => logger.warn('the config topic could not be claimed yet', { error }))
  }

  #clearStatuses(): void {
    const { statuses, configs } = this.#parts
    const { state } = configs
    for (const connector of statuses.connectors()) {
      const gone = !state.connectors.has(connector)
      const count = gone ? 0 : (state.taskSets.get(connector)?.count ?? Infinity)
      if (gone) {
        if (statuses.connector(connector) !== undefined) statuses.remove({ connector })
        statuses.removeTopics(connector)
      }
      for (const [task] of statuses.tasks(connector)) if (task >= count) statuses.remove({ connector, task })
    }
  }

  #rotate(): void {
    const { config, configs } = this.#parts
    const key = configs.state.sessionKey
    const ttlMs = config.distributed['inter.worker.key.ttl.ms']
    const algorithm = config.distributed['inter.worker.key.generation.algorithm']
    const size = config.distributed['inter.worker.key.size']
    const fits = key?.algorithm === algorithm && (size === null || Buffer.from(key.key, 'base64').length * 8 === size)
    const leftMs = key !== undefined && fits ? key.createdAt + ttlMs - Date.now() : 0
    if (leftMs > 0) {
      this.#timer = setTimeout(() => this.poke(), Math.min(leftMs, 2 ** 31 - 1)).unref()
      return
    }
    if (!this.#writing) void this.#writeKey(newSessionKey(algorithm, size))
  }

  async #writeKey(key: SessionKey): Promise<void> {
    this.#writing = true
    try {
      await this.#parts.configs.putSessionKey(key)
    } catch (error) {
      this.#parts.logger.warn('the session key could not be written; trying again', { error })
      this.#timer = setTimeout(() => this.poke(), 1_000).unref()
    } finally {
      this.#writing = false
    }
  }

  [Symbol.dispose](): void {
    this.#repairs[Symbol.dispose]()
    clearTimeout(this.#timer)
  }
}

/** Java's key generators make keys as long as the digest when no size is given. */
const DIGEST_BITS: Readonly<Record<string, number>> = {
  HmacSHA1: 160,
  HmacSHA224: 224,
  HmacSHA384: 384,
  HmacSHA512: 512,
}

function newSessionKey(algorithm: string, size: number | null): SessionKey {
  const length = size ?? DIGEST_BITS[algorithm] ?? 256
  return {
    key: generateKeySync('hmac', { length }).export().toString('base64'),
    algorithm,
    createdAt: Date.now(),
  }
}

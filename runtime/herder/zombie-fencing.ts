import { ConflictError, ConnectError, NotFoundError, errorCode } from '../api/errors.ts'
import { abortable } from '../async/abort.ts'
import { adminProps, transactionalId } from '../config/client-overrides.ts'
import { KafkaClients } from '../kafka/kafka-clients.ts'
import type { ClusterConfigState, TaskSet } from '../storage/cluster-config-state.ts'
import type { Leadership } from './leadership.ts'
import type { HerderParts } from './parts.ts'

/** Admin clients of the reference wait as long. */
const FENCE_TIMEOUT_MS = 90_000
/** For fencing and the record after it. */
const ROUND_TIMEOUT_MS = 120_000

/** How many transactional ids must be fenced before tasks of this set may start; undefined: the round has been held. Pure. */
export function idsToFence(state: ClusterConfigState, connector: string): number | undefined {
  const set = state.taskSets.get(connector)
  if (set === undefined || !state.pendingFencing.has(connector)) return undefined
  const before = state.fencedTaskCounts.get(connector) ?? 0
  // The one task of before has the id of the one task of now, whose own start fences it.
  return before === 1 && set.count === 1 ? 0 : before
}

/**
 * The leader's part in exactly-once sources (KIP-618): before tasks of a new set start, the producers of all tasks of the set before are fenced, by its
 * number of tasks, which the config topic keeps. A round is held once per set, by whoever asks first.
 */
export class ZombieFencing {
  readonly #parts: HerderParts
  readonly #leadership: Leadership
  readonly #rounds = new Map<string, Promise<void>>()

  constructor(parts: HerderParts, leadership: Leadership) {
    this.#parts = parts
    this.#leadership = leadership
  }

  /** Resolves when no producer of an older task set of the connector can write any more. Throws ElsewhereError on any worker but the leader. */
  async fence(connector: string, signal: AbortSignal): Promise<void> {
    await this.#leadership.required(signal)
    // The set that the asking worker has seen may not have been read here yet.
    const state = await this.#parts.configs.refresh(signal)
    if (!state.connectors.has(connector)) throw new NotFoundError(`Connector ${connector} not found`)
    if (idsToFence(state, connector) === undefined) return
    let round = this.#rounds.get(connector)
    if (round === undefined) {
      round = this.#round(connector, AbortSignal.timeout(ROUND_TIMEOUT_MS)).finally(() =>
        this.#rounds.delete(connector),
      )
      this.#rounds.set(connector, round)
    }
    await abortable(round, signal)
  }

  async #round(connector: string, signal: AbortSignal): Promise<void> {
    const { configs, stages, logger } = this.#parts
    const count = idsToFence(configs.state, connector)
    const set = configs.state.taskSets.get(connector)
    if (count === undefined || set === undefined) return
    if (count > 0) {
      await stages.during(`fencing out source tasks for connector ${connector}`, () =>
        this.#fenceProducers(connector, set, count, signal),
      )
      logger.info(`fenced ${count} producers of earlier tasks of ${connector}`)
    }
    await this.#leadership.write(signal, async () => {
      const now = configs.state
      if (now.taskSets.get(connector)?.offset !== set.offset)
        throw new ConflictError('Failed to complete zombie fencing because a new set of task configs was generated')
      if (now.pendingFencing.has(connector)) await configs.putTaskCount(connector, set.count)
    })
  }

  async #fenceProducers(connector: string, set: TaskSet, count: number, signal: AbortSignal): Promise<void> {
    const { config, secrets, logger } = this.#parts
    const ids = Array.from({ length: count }, (_, task) => transactionalId(config, `${connector}-${task}`))
    try {
      const props = { ...(await secrets.resolve(set.connectorProps)), name: connector }
      await using clients = new KafkaClients({ props: adminProps(config, props, connector), logger })
      await clients.admin().fenceProducers(ids, { timeoutMs: FENCE_TIMEOUT_MS, signal })
    } catch (error) {
      const code = errorCode(error) === 'RETRIABLE' ? 'RETRIABLE' : 'CONNECT'
      throw new ConnectError(`Failed to perform zombie fencing for source connector ${connector}`, {
        code,
        cause: error,
      })
    }
  }
}

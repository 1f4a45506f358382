import type { Logger } from '../api/index.ts'
import { sleep } from '../async/abort.ts'
import { Backoff } from '../async/backoff.ts'
import type { Cluster } from './cluster.ts'
import type { GroupMeter } from './group-meter.ts'
import { atCoordinator, COORDINATOR_CHANNEL } from './group-offsets.ts'
import { isKafkaError, throwOn } from './kafka-errors.ts'
import { ErrorCode, Heartbeat } from './protocol/index.ts'

/** Lost: member id or generation are no longer the group's, the session has run out, or the coordinator cannot be reached that long. */
export type GroupEvent = 'rebalance' | 'lost'

export interface HeartbeatsOptions {
  readonly cluster: Cluster
  readonly groupId: string
  readonly memberId: string
  readonly generation: number
  readonly groupInstanceId: string | undefined
  readonly intervalMs: number
  readonly sessionTimeoutMs: number
  readonly meter?: GroupMeter | undefined
  readonly logger: Logger
  /** `forget`: the member id is no longer valid. `fenced`: another one has the instance id. Called once per kind of event. */
  readonly onEvent: (event: GroupEvent, forget: boolean, fenced: boolean) => void
}

/** After a rebalance; each pause is twice the one before, up to the heartbeat interval. */
const FIRST_BEAT_MS = 100

/** Keeps one membership (member id and generation) alive until stopped, whatever the owner is doing meanwhile. */
export class Heartbeats {
  readonly #options: HeartbeatsOptions
  readonly #stopping = new AbortController()
  #lastAnswer = performance.now()
  #answeredAt = 0
  #rebalancing = false

  constructor(options: HeartbeatsOptions) {
    this.#options = options
    void this.#run(this.#stopping.signal)
  }

  /** When the last heartbeat that was answered well was sent (performance.now()); 0: none yet. */
  get answeredAt(): number {
    return this.#answeredAt
  }

  stop(): void {
    this.#stopping.abort()
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { intervalMs, cluster, sessionTimeoutMs, logger, groupId } = this.#options
    // One rebalance often brings the next (work that was revoked is placed, another member comes): ask soon, then ever more rarely.
    let soon = FIRST_BEAT_MS
    let pause = Math.min(soon, intervalMs)
    const { retryBackoffMs: initialMs, retryBackoffMaxMs: maxMs } = cluster.options
    const retries = new Backoff({ initialMs, maxMs })
    while (await sleep(pause, signal)) {
      soon *= 2
      pause = Math.min(soon, intervalMs)
      try {
        const sentAt = performance.now()
        const code = await this.#beat(signal)
        this.#lastAnswer = performance.now()
        retries.reset()
        if (code === ErrorCode.NONE || code === ErrorCode.REBALANCE_IN_PROGRESS) this.#answeredAt = sentAt
        if (code !== ErrorCode.NONE && this.#concerns(code)) return
      } catch (error) {
        if (signal.aborted) return
        logger.debug(`heartbeat to group ${groupId} failed: ${String(error)}`)
        if (!isKafkaError(error) || !error.retriable) return this.#lose(false, String(error))
        pause = retries.next()
      }
      if (performance.now() - this.#lastAnswer > sessionTimeoutMs) {
        return this.#lose(false, `no answer from the coordinator for session.timeout.ms=${sessionTimeoutMs}`)
      }
    }
  }

  async #beat(signal: AbortSignal): Promise<number> {
    const { cluster, groupId, memberId, generation, groupInstanceId, sessionTimeoutMs, meter } = this.#options
    return await atCoordinator(cluster, groupId, signal, async (node) => {
      const sentAt = Date.now()
      meter?.beating(sentAt)
      const { errorCode } = await cluster.send(
        node,
        Heartbeat,
        { groupId, generationId: generation, memberId, groupInstanceId: groupInstanceId ?? null },
        {
          channel: COORDINATOR_CHANNEL,
          // a coordinator that does not answer is given up in time to find its successor within the session
          timeoutMs: Math.min(cluster.options.requestTimeoutMs, Math.ceil(sessionTimeoutMs / 3)),
          signal,
        },
      )
      meter?.heartbeats.record(Date.now() - sentAt)
      switch (errorCode) {
        case ErrorCode.REBALANCE_IN_PROGRESS:
        case ErrorCode.UNKNOWN_MEMBER_ID:
        case ErrorCode.ILLEGAL_GENERATION:
        case ErrorCode.FENCED_INSTANCE_ID:
          return errorCode
        default:
          throwOn(errorCode, `send a heartbeat to group ${groupId}`)
          return errorCode
      }
    })
  }

  /** True when this membership is over. */
  #concerns(code: number): boolean {
    if (this.#stopping.signal.aborted) return true
    if (code === ErrorCode.REBALANCE_IN_PROGRESS) {
      // heartbeats go on: the member has until the rebalance timeout to give back its work and join
      if (!this.#rebalancing) this.#options.onEvent('rebalance', false, false)
      this.#rebalancing = true
      return false
    }
    const fenced = code === ErrorCode.FENCED_INSTANCE_ID
    const why = fenced ? 'another member has its group.instance.id' : 'the group has gone on without this member'
    this.#lose(code !== ErrorCode.ILLEGAL_GENERATION, why, fenced)
    return true
  }

  #lose(forget: boolean, why: string, fenced = false): void {
    const { groupId, memberId, logger, onEvent } = this.#options
    logger.warn(`member ${memberId} of group ${groupId} is lost: ${why}`)
    this.stop()
    onEvent('lost', forget, fenced)
  }
}

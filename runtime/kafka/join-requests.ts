import type { Cluster } from './cluster.ts'
import type { GroupMeter } from './group-meter.ts'
import { atCoordinator } from './group-offsets.ts'
import { ErrorCode, JoinGroup, SyncGroup } from './protocol/index.ts'
import type { ResponseOf } from './protocol/index.ts'

/** JoinGroup and SyncGroup are held back by the broker until the others have come: they must not hold up heartbeats. */
const JOIN_CHANNEL = 'join'
/** The broker answers a JoinGroup within the rebalance timeout; this much later it is lost (as Java's JOIN_GROUP_TIMEOUT_LAPSE). */
const JOIN_LAPSE_MS = 5000

export interface JoinOptions {
  readonly groupId: string
  readonly protocolType: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly groupInstanceId?: string
  /** Counts what this member does. */
  readonly meter?: GroupMeter
}

export interface GroupProtocol {
  readonly name: string
  readonly metadata: Uint8Array
}

export type JoinAnswer = ResponseOf<typeof JoinGroup>
export type SyncAnswer = ResponseOf<typeof SyncGroup>

/** The two requests of a rebalance, on a connection of their own. What their error codes mean is the member's business. */
export class JoinRequests {
  readonly #cluster: Cluster
  readonly #options: JoinOptions
  readonly #meter: GroupMeter | undefined

  constructor(cluster: Cluster, options: JoinOptions) {
    this.#cluster = cluster
    this.#options = options
    this.#meter = options.meter
  }

  /** Asks to be part of the next generation; `judge` looks at the answer while its coordinator may still be forgotten for it. */
  async join(
    memberId: string,
    protocols: readonly GroupProtocol[],
    judge: (answer: JoinAnswer) => void,
    signal: AbortSignal,
  ): Promise<JoinAnswer> {
    const { groupId, protocolType, sessionTimeoutMs, rebalanceTimeoutMs, groupInstanceId } = this.#options
    return await atCoordinator(this.#cluster, groupId, signal, async (node) => {
      const sentAt = Date.now()
      this.#meter?.joining(sentAt)
      const answer = await this.#cluster.send(
        node,
        JoinGroup,
        {
          groupId,
          sessionTimeoutMs,
          rebalanceTimeoutMs,
          memberId,
          groupInstanceId: groupInstanceId ?? null,
          protocolType,
          protocols,
        },
        { channel: JOIN_CHANNEL, timeoutMs: this.#timeoutMs, signal },
      )
      if (answer.errorCode === ErrorCode.NONE) this.#meter?.joins.record(Date.now() - sentAt)
      judge(answer)
      return answer
    })
  }

  /** Asks for the assignment of the generation that `joined` tells of; a leader brings everybody's. */
  async sync(
    joined: JoinAnswer,
    assignments: ReadonlyMap<string, Uint8Array>,
    judge: (answer: SyncAnswer) => void,
    signal: AbortSignal,
  ): Promise<SyncAnswer> {
    const { groupId, protocolType, groupInstanceId } = this.#options
    return await atCoordinator(this.#cluster, groupId, signal, async (node) => {
      const sentAt = Date.now()
      const answer = await this.#cluster.send(
        node,
        SyncGroup,
        {
          groupId,
          generationId: joined.generationId,
          memberId: joined.memberId,
          groupInstanceId: groupInstanceId ?? null,
          protocolType,
          protocolName: joined.protocolName,
          assignments: [...assignments].map(([memberId, assignment]) => ({ memberId, assignment })),
        },
        { channel: JOIN_CHANNEL, timeoutMs: this.#timeoutMs, signal },
      )
      if (answer.errorCode === ErrorCode.NONE) this.#meter?.syncs.record(Date.now() - sentAt)
      judge(answer)
      return answer
    })
  }

  /** A request that nobody waits for would hold up the next one behind it. */
  abandon(): void {
    const node = this.#cluster.knownCoordinator(this.#options.groupId)
    if (node !== undefined) this.#cluster.drop(node, JOIN_CHANNEL)
  }

  get #timeoutMs(): number {
    return Math.max(this.#cluster.options.requestTimeoutMs, this.#options.rebalanceTimeoutMs + JOIN_LAPSE_MS)
  }
}

import type { Assignment } from './assignors/assignor.ts'
import type { Strategy } from './assignors/strategies.ts'
import { decodeAssignment, decodeSubscription, encodeAssignment, encodeSubscription } from './consumer-protocol.ts'
import type { GroupMember, Joined, JoinedMember } from './group-member.ts'
import type { GroupProtocol } from './join-requests.ts'
import type { Subscription } from './subscription.ts'
import type { TopicPartition } from './topic-partition.ts'

/** What a consumer has, and as which member of which generation it was given it. */
export interface Ownership {
  readonly partitions: readonly TopicPartition[]
  readonly memberId: string
  readonly generation: number
}

export type JoiningState =
  | { readonly state: 'none' }
  | { readonly state: 'going'; readonly done: Promise<void>; readonly abort: AbortController }
  /** Its assignment is not taken yet. */
  | { readonly state: 'joined'; readonly joined: Joined; readonly partitions: readonly TopicPartition[] }
  | { readonly state: 'settled' }
  | { readonly state: 'failed'; readonly error: unknown }

/** A consumer's rounds of joining its group, in the background; nothing here changes what is assigned. */
export class GroupJoining {
  readonly #member: GroupMember
  readonly #strategies: readonly Strategy[]
  readonly #closing: AbortSignal
  readonly #onJoined: () => void
  #state: JoiningState = { state: 'none' }

  constructor(options: {
    readonly member: GroupMember
    readonly strategies: readonly Strategy[]
    readonly closing: AbortSignal
    /** A round has ended, one way or the other. */
    readonly onJoined: () => void
  }) {
    this.#member = options.member
    this.#strategies = options.strategies
    this.#closing = options.closing
    this.#onJoined = options.onJoined
  }

  get state(): JoiningState {
    return this.#state
  }

  /** `kept`: meanwhile, in a cooperative rebalance. `former`: what was given back last, which the sticky assignor remembers. */
  start(subscription: Subscription, kept: Ownership | undefined, former: Ownership | undefined): void {
    const abort = new AbortController()
    const signal = AbortSignal.any([abort.signal, this.#closing])
    const done = this.#join(subscription, kept, former, signal).then(
      (joined) => {
        this.#state = { state: 'joined', joined, partitions: decodeAssignment(joined.assignment) }
        this.#onJoined()
      },
      (error: unknown) => {
        this.#state = { state: 'failed', error }
        this.#onJoined()
      },
    )
    this.#state = { state: 'going', done, abort }
  }

  /** The assignment is taken. */
  settle(): void {
    this.#state = { state: 'settled' }
  }

  /** Ends a round that goes on. */
  async reset(): Promise<void> {
    if (this.#state.state === 'going') {
      this.#state.abort.abort()
      await this.#state.done
    }
    this.#state = { state: 'none' }
  }

  async #join(
    subscription: Subscription,
    kept: Ownership | undefined,
    former: Ownership | undefined,
    signal: AbortSignal,
  ): Promise<Joined> {
    const topics = await subscription.topics(signal)
    const protocols = (): readonly GroupProtocol[] =>
      this.#strategies.map(({ name }) => {
        // as another member, after the group forgot the one before, it has nothing
        const still = kept?.memberId === this.#member.memberId ? kept : undefined
        const known = name === 'sticky' ? (still ?? former) : still
        const data = { topics, owned: known?.partitions ?? [], generation: known?.generation ?? -1 }
        return { name, metadata: encodeSubscription(data, name) }
      })
    return await this.#member.join(
      protocols,
      (members, protocol) => this.#assign(subscription, members, protocol, signal),
      signal,
    )
  }

  async #assign(
    subscription: Subscription,
    members: readonly JoinedMember[],
    protocol: string,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Uint8Array>> {
    const strategy = this.#strategies.find(({ name }) => name === protocol)!
    const subscribers = members.map(({ memberId, groupInstanceId, metadata }) => ({
      memberId,
      groupInstanceId: groupInstanceId ?? null,
      ...decodeSubscription(metadata, protocol),
    }))
    const all = [...new Set(subscribers.flatMap(({ topics }) => topics))]
    const assignment: Assignment = strategy.assign(subscribers, await subscription.partitionCounts(all, signal))
    return new Map([...assignment].map(([memberId, list]) => [memberId, encodeAssignment(list)]))
  }
}

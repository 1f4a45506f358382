import type { Work } from './assignment.ts'
import type { ProtocolName } from './connect-protocol.ts'
import type { Peer } from './peer-watch.ts'
import type { Rebalances } from './rebalances.ts'

/** A member's place in the group after a completed rebalance. */
export interface Membership {
  readonly memberId: string
  readonly generation: number
  readonly isLeader: boolean
  /** Advertised URL of the leader, with a slash at the end. */
  readonly leaderUrl: string
  /** The config offset that the leader decided by. */
  readonly configOffset: number
  /** Everything this worker is to run now. */
  readonly work: Work
}

export interface GroupEvents {
  /** Stop this work. The group forms its next generation, and others may get the work, when the promise has resolved. Never rejects. */
  revoked(work: Work): Promise<void>
  assigned(membership: Membership): void
}

/** What a member needs to know of the cluster's configuration. */
export interface ConfigView {
  /** Position after the last config record read, and the work which that state describes. */
  current(): { readonly offset: number; readonly configured: Work }
  /** Read to the end of the config log. */
  refresh(signal: AbortSignal): Promise<void>
}

/** How work is shared out: by Kafka's group protocol (worker-group-member.ts), or not at all (solo-group-member.ts). */
export interface Group extends AsyncDisposable {
  start(events: GroupEvents): void
  /** Undefined: not (or no longer) a member; nothing may run. */
  readonly membership: Membership | undefined
  /** A rebalance is on; what is assigned may be about to change. */
  readonly rebalancing: boolean
  /** undefined: a group of one has none */
  readonly rebalances: Rebalances | undefined
  /** What the members agreed on last; before the first generation what this worker prefers. Requests between workers are signed under `sessioned` only. */
  readonly protocol: ProtocolName
  /** All workers, this one too, as the last settled generation had them; by member id. */
  readonly workers: readonly Peer[]
  /**
   * Is this worker's work certainly its own? True while its session cannot have run out. A worker that was frozen for longer waits here for
   * word from the group; false: the group has gone on without it.
   */
  confirmed(): Promise<boolean>
  /** Ask for a new assignment: connectors or tasks appeared or went. Several requests before the next round are one. */
  rejoin(): void
}

/** Requests to a group as the group understands them, free of wire versions, and its answers. */
import type { ErrorCode } from 'naru/protocol'

export interface GroupProtocol {
  readonly name: string
  readonly metadata: Buffer
}

export interface JoinRequest {
  /** Empty on the first attempt. */
  readonly memberId: string
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly protocolType: string
  /** In order of preference. */
  readonly protocols: readonly GroupProtocol[]
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  /** JoinGroup v4+ without instance id: a new member must come back with the id it was given (KIP-394). */
  readonly idRequired: boolean
  /** JoinGroup v9+: a leader that came back may look at the members without assigning anew (KIP-814). */
  readonly knowsSkipping: boolean
}

export interface JoinReply {
  readonly errorCode: ErrorCode
  readonly generation: number
  readonly protocolType: string | null
  readonly protocol: string | null
  readonly leaderId: string
  readonly memberId: string
  /** The leader shall look at the members, and not assign: the assignment stands. */
  readonly skipAssignment: boolean
  /** Filled for the leader only. */
  readonly members: readonly {
    readonly memberId: string
    readonly instanceId: string | null
    readonly metadata: Buffer
  }[]
}

export interface SyncRequest {
  readonly memberId: string
  readonly instanceId: string | null
  readonly generation: number
  /** From version 5 on; null: not said. */
  readonly protocolType: string | null
  readonly protocol: string | null
  /** Of the leader; empty for the others. */
  readonly assignments: ReadonlyMap<string, Buffer>
}

export interface SyncReply {
  readonly errorCode: ErrorCode
  readonly protocolType: string | null
  readonly protocol: string | null
  readonly assignment: Buffer
}

/** Empty → PreparingRebalance → CompletingRebalance → Stable → PreparingRebalance … → Empty */
export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead'

export interface Member {
  readonly memberId: string
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  protocols: readonly GroupProtocol[]
  sessionTimeoutMs: number
  rebalanceTimeoutMs: number
  assignment: Buffer
  /** Milliseconds since the epoch; ignored while a join waits. */
  sessionDeadline: number
  joining: ((reply: JoinReply) => void) | undefined
  syncing: ((reply: SyncReply) => void) | undefined
}

/** What a group shows of itself. */
export interface GroupView {
  readonly generation: number
  readonly protocolType: string | null
  readonly protocol: string | null
  readonly leaderId: string | null
  readonly members: readonly Member[]
  /** What the member said with the protocol that the group speaks. */
  metadataOf(member: Member): Buffer
}

import type { Logger } from '../api/index.ts'

export interface GroupMemberOptions {
  readonly groupId: string
  readonly protocolType: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly heartbeatIntervalMs: number
  readonly groupInstanceId?: string
  readonly clientId: string
  readonly logger: Logger
}

export interface JoinedMember {
  readonly memberId: string
  readonly metadata: Buffer
}

/** Called on the leader only; answers each member's assignment by member id. */
export type Assign = (
  members: readonly JoinedMember[],
  protocol: string,
  leaderId: string,
  generation: number,
) => Promise<ReadonlyMap<string, Uint8Array>> | ReadonlyMap<string, Uint8Array>

export interface Joined {
  readonly memberId: string
  readonly leaderId: string
  readonly generation: number
  readonly protocol: string
  readonly assignment: Buffer
  readonly isLeader: boolean
}

export class GroupMember implements AsyncDisposable {
  async join(
    _protocols: readonly { readonly name: string; readonly metadata: Uint8Array }[],
    _assign: Assign,
    _signal?: AbortSignal,
  ): Promise<Joined> {
    throw new Error('not connected')
  }
  async nextEvent(_signal?: AbortSignal): Promise<'rebalance' | 'lost'> {
    throw new Error('not connected')
  }
  async leave(): Promise<void> {}
  get memberId(): string | undefined {
    return undefined
  }
  get generation(): number {
    return -1
  }
  async [Symbol.asyncDispose](): Promise<void> {}
}

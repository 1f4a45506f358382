import type { Logger } from '../api/logger.ts'
import { NO_WORK } from './assignment.ts'
import type { Work } from './assignment.ts'
import { VERSION_OF, decodeMetadata, encodeAssignment } from './connect-protocol.ts'
import type { Assignment, MemberMetadata, ProtocolName } from './connect-protocol.ts'
import { CooperativeAssignor } from './cooperative-assignor.ts'
import { assignEagerly } from './eager-assignor.ts'
import type { ConfigView } from './group.ts'

export interface GroupToAssign {
  readonly members: readonly { readonly memberId: string; readonly metadata: Buffer }[]
  readonly protocol: string
  readonly leader: string
  readonly generation: number
}

/** The leader's part of a rebalance: read what the members say, agree on a config offset, decide, and write each one's assignment. */
export class LeaderAssignor {
  readonly #config: ConfigView
  readonly #logger: Logger
  readonly #syncTimeoutMs: number
  readonly #cooperative: CooperativeAssignor
  #lastGeneration = -1

  constructor(options: {
    readonly config: ConfigView
    readonly logger: Logger
    /** `scheduled.rebalance.max.delay.ms` */
    readonly maxDelayMs: number
    readonly syncTimeoutMs: number
    readonly now?: () => number
  }) {
    this.#config = options.config
    this.#logger = options.logger
    this.#syncTimeoutMs = options.syncTimeoutMs
    this.#cooperative = new CooperativeAssignor({ maxDelayMs: options.maxDelayMs, now: options.now ?? Date.now })
  }

  /** This worker has joined the generation, as leader or not. */
  completed(generation: number): void {
    this.#lastGeneration = generation
  }

  async assign({ members, protocol, leader, generation }: GroupToAssign): Promise<ReadonlyMap<string, Uint8Array>> {
    const version = VERSION_OF[protocol as ProtocolName] ?? 0
    const metadata = new Map(members.map((member) => [member.memberId, decodeMetadata(member.metadata)]))
    const newest = Math.max(...[...metadata.values()].map((member) => member.configOffset))
    const agreed = await this.#agree(newest)
    const common = {
      leader,
      leaderUrl: metadata.get(leader)?.url ?? '',
      error: agreed === undefined ? ('config mismatch' as const) : ('none' as const),
      configOffset: agreed?.offset ?? newest,
    }
    const decide = version === 0 ? decideEagerly : (m: Members, c: Work) => this.#decideCooperatively(m, c, generation)
    const decided = agreed === undefined ? NOTHING : decide(metadata, agreed.configured)
    return new Map(
      [...metadata.keys()].map((member) => {
        const assignment: Assignment = {
          ...common,
          assigned: decided.assigned.get(member) ?? NO_WORK,
          revoked: decided.revoked.get(member) ?? NO_WORK,
          delayMs: decided.delayMs,
        }
        return [member, encodeAssignment(version, assignment)]
      }),
    )
  }

  /** The configuration to decide by, at least as new as every member's; undefined when it cannot be had. */
  async #agree(newest: number): Promise<ReturnType<ConfigView['current']> | undefined> {
    if (this.#config.current().offset < newest)
      await this.#config.refresh(AbortSignal.timeout(this.#syncTimeoutMs)).catch((error: unknown) => {
        this.#logger.warn('the leader cannot read the newest configuration', { error })
      })
    const current = this.#config.current()
    return current.offset < newest ? undefined : current
  }

  #decideCooperatively(metadata: Members, configured: Work, generation: number): Decision {
    return this.#cooperative.assign({
      members: new Map([...metadata].map(([member, { held }]) => [member, held?.assigned ?? NO_WORK])),
      configured,
      generation,
      lastGeneration: this.#lastGeneration,
    })
  }
}

type Members = ReadonlyMap<string, MemberMetadata>
type Decision = ReturnType<CooperativeAssignor['assign']>

const NOTHING: Decision = { assigned: new Map(), revoked: new Map(), delayMs: 0 }

function decideEagerly(metadata: Members, configured: Work): Decision {
  return { ...NOTHING, assigned: assignEagerly([...metadata.keys()], configured) }
}

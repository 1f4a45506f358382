import { ConnectError } from '../api/errors.ts'
import type { Logger } from '../api/logger.ts'
import { sleep } from '../async/abort.ts'
import { Backoff } from '../async/backoff.ts'
import type { GroupMember } from '../kafka/group-member.ts'
import { NO_WORK, difference, isNoWork, union } from './assignment.ts'
import type { Work } from './assignment.ts'
import { VERSION_OF, decodeAssignment, encodeMetadata } from './connect-protocol.ts'
import type { Assignment, ProtocolName } from './connect-protocol.ts'
import type { ConfigView, Group, GroupEvents, Membership } from './group.ts'
import type { LeaderAssignor } from './leader-assignor.ts'
import type { Peer, PeerWatch } from './peer-watch.ts'
import type { Rebalances } from './rebalances.ts'
import { UnsyncBackoff } from './unsync-backoff.ts'

export interface WorkerGroupMemberOptions {
  readonly member: GroupMember
  readonly assignor: LeaderAssignor
  readonly config: ConfigView
  /** This worker's advertised URL, with a slash at the end. */
  readonly url: string
  readonly protocol: 'eager' | 'compatible' | 'sessioned'
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  /** `worker.sync.timeout.ms`: to read the config log when it is behind. */
  readonly syncTimeoutMs: number
  /** `worker.unsync.backoff.ms`: a worker that cannot read the config log leaves the group for so long (eager protocol). */
  readonly unsyncBackoffMs: number
  /** `scheduled.rebalance.max.delay.ms` */
  readonly maxDelayMs: number
  readonly peers: PeerWatch
  readonly rebalances: Rebalances
  readonly logger: Logger
}

const OFFERED: Readonly<Record<WorkerGroupMemberOptions['protocol'], readonly ProtocolName[]>> = {
  eager: ['default'],
  compatible: ['compatible', 'default'],
  sessioned: ['sessioned', 'compatible', 'default'],
}

/**
 * This worker's life in the group.
 *
 *            ┌──────────── revoked something, or behind the leader's config ───────────┐
 *            ▼                                                                          │
 *   join ─► stop what was revoked ─► agree on the config offset ─► assigned ─► wait ────┤
 *     ▲                                                                         │       │
 *     │            rebalance · rejoin() · appointed time ◄──────────────────────┤       │
 *     └──── stop everything ◄── lost ◄──────────────────────────────────────────┘       │
 *
 * Eager generations stop everything before each join; cooperative ones keep running what is not revoked. A worker that cannot read the newest
 * configuration leaves the group for a while (unsync-backoff.ts), so that others do the work.
 */
export class WorkerGroupMember implements Group {
  readonly #options: WorkerGroupMemberOptions
  readonly #stopping = new AbortController()
  #events: GroupEvents | undefined
  #life: Promise<void> | undefined
  #membership: Membership | undefined
  #rebalancing = true
  #held: Assignment | undefined
  #protocol: ProtocolName
  readonly #unsync: UnsyncBackoff
  #rejoinWanted = Promise.withResolvers<'rejoin'>()
  #lastGood = performance.now()

  constructor(options: WorkerGroupMemberOptions) {
    this.#options = options
    this.#protocol = OFFERED[options.protocol][0]!
    this.#unsync = new UnsyncBackoff(options)
  }

  get membership(): Membership | undefined {
    return this.#membership
  }

  get rebalancing(): boolean {
    return this.#rebalancing
  }

  get rebalances(): Rebalances {
    return this.#options.rebalances
  }

  get protocol(): ProtocolName {
    return this.#protocol
  }

  get workers(): readonly Peer[] {
    return this.#options.peers.members
  }

  async confirmed(): Promise<boolean> {
    const { member, sessionTimeoutMs, rebalanceTimeoutMs } = this.#options
    while (member.memberId !== undefined && member.event !== 'lost') {
      // The broker knows a member that waits in a join, however long the others take.
      if (member.silentMs < (this.#rebalancing ? rebalanceTimeoutMs : sessionTimeoutMs)) return true
      await sleep(CONFIRM_POLL_MS)
    }
    return false
  }

  start(events: GroupEvents): void {
    this.#events = events
    this.#life = this.#live(this.#stopping.signal)
  }

  rejoin(): void {
    this.#rejoinWanted.resolve('rejoin')
  }

  async #live(signal: AbortSignal): Promise<void> {
    let backoff = newBackoff()
    await this.#options.peers.removePredecessors(this.#options.url)
    while (!signal.aborted) {
      try {
        await this.#round(signal)
        backoff = newBackoff()
      } catch (error) {
        if (signal.aborted) return
        this.#options.logger.warn('joining the worker group failed; trying again', { error })
        // Others may get our work when the session is over: Invariant 3.
        if (performance.now() - this.#lastGood > this.#options.sessionTimeoutMs) await this.#giveUp()
        await sleep(backoff.next(), signal)
      }
    }
  }

  /** One generation: join it, live in it, come back when a new one is needed. */
  async #round(signal: AbortSignal): Promise<void> {
    this.#rebalancing = true
    this.#options.rebalances.started()
    if (this.#protocol === 'default') await this.#giveUp()
    this.#rejoinWanted = Promise.withResolvers()
    const { member, assignor, logger, sessionTimeoutMs, rebalanceTimeoutMs } = this.#options
    const joined = await member.join(
      this.#protocols(),
      (members, protocol, leader, generation) => assignor.assign({ members, protocol, leader, generation }),
      AbortSignal.any([signal, AbortSignal.timeout(sessionTimeoutMs + rebalanceTimeoutMs)]),
    )
    this.#lastGood = performance.now()
    assignor.completed(joined.generation)
    const protocol = joined.protocol as ProtocolName
    if (protocol !== this.#protocol) logger.info(`the worker group now uses protocol ${protocol}`)
    this.#protocol = protocol
    const assignment = decodeAssignment(joined.assignment)
    if (assignment.error !== 'none') {
      logger.info('the leader could not read the newest configuration; rejoining')
      await this.#catchUp(assignment.configOffset, signal)
      return
    }
    // A worker that knows only the eager protocol has come: what ran on may have been dealt to another. Everybody begins with nothing.
    if (protocol === 'default' && this.#held !== undefined) return
    await this.#stop(assignment.revoked)
    const work = union(difference(this.#held?.assigned ?? NO_WORK, assignment.revoked), assignment.assigned)
    if (protocol !== 'default') this.#held = { ...assignment, assigned: work, revoked: NO_WORK, delayMs: 0 }
    if (!(await this.#catchUp(assignment.configOffset, signal))) return
    this.#membership = {
      memberId: joined.memberId,
      generation: joined.generation,
      isLeader: joined.isLeader,
      leaderUrl: assignment.leaderUrl,
      configOffset: assignment.configOffset,
      work,
    }
    // Revoked work is placed in the next round, which begins at once.
    const again = !isNoWork(assignment.revoked)
    this.#rebalancing = again
    this.#options.rebalances.succeeded()
    this.#events?.assigned(this.#membership)
    if (again) return
    this.#options.peers.settled({ memberId: joined.memberId, url: this.#options.url }, assignment.leaderUrl)
    await this.#waitForNews(assignment.delayMs, signal)
  }

  #protocols(): readonly { name: string; metadata: Uint8Array }[] {
    const { config, url, protocol } = this.#options
    const configOffset = config.current().offset
    return OFFERED[protocol].map((name) => ({
      name,
      metadata: encodeMetadata(VERSION_OF[name], { url, configOffset, held: this.#held }),
    }))
  }

  /**
   * Nobody works by an older configuration than the leader's; being ahead of it is the reconciler's business. False: it cannot be read, and
   * this worker has left the group for a while.
   */
  async #catchUp(configOffset: number, signal: AbortSignal): Promise<boolean> {
    const { config, syncTimeoutMs, logger, member } = this.#options
    try {
      if (config.current().offset < configOffset)
        await config.refresh(AbortSignal.any([signal, AbortSignal.timeout(syncTimeoutMs)]))
      const { offset } = config.current()
      if (offset < configOffset)
        throw new ConnectError(`the config log ends at ${offset} here, at ${configOffset} for the leader`)
      this.#unsync.reset()
      return true
    } catch (error) {
      if (signal.aborted) return false
      const { delayMs, keepWork } = this.#unsync.next(this.#protocol)
      logger.warn(`cannot read the newest configuration; leaving the worker group for ${delayMs} ms`, { error })
      if (!keepWork) await this.#giveUp()
      await member.leave()
      await sleep(delayMs, signal)
      return false
    }
  }

  async #waitForNews(delayMs: number, signal: AbortSignal): Promise<void> {
    const round = new AbortController()
    const until = AbortSignal.any([signal, round.signal])
    const news = await Promise.race([
      this.#options.member.nextEvent(until).catch((error: unknown) => {
        if (until.aborted) return 'aborted' as const
        throw error
      }),
      this.#rejoinWanted.promise,
      ...(delayMs > 0 ? [sleep(delayMs, until).then(() => 'appointment' as const)] : []),
    ]).finally(() => round.abort())
    switch (news) {
      case 'lost':
        this.#options.logger.warn('lost the membership in the worker group; stopping all work until it is regained')
        await this.#giveUp()
        return
      case 'rebalance':
      case 'rejoin':
      case 'appointment':
      case 'aborted':
        this.#lastGood = performance.now()
        return
    }
  }

  async #giveUp(): Promise<void> {
    const held = union(this.#held?.assigned ?? NO_WORK, this.#membership?.work ?? NO_WORK)
    this.#membership = undefined
    this.#held = undefined
    await this.#stop(held)
  }

  async #stop(work: Work): Promise<void> {
    if (!isNoWork(work)) await this.#events?.revoked(work)
  }

  /** Work stops before the others are told that we leave. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#options.peers[Symbol.dispose]()
    this.#stopping.abort()
    await this.#life
    await this.#giveUp()
    await this.#options.member.leave().catch((error: unknown) => {
      this.#options.logger.warn('leaving the worker group failed; its session will time out', { error })
    })
    await this.#options.member[Symbol.asyncDispose]()
  }
}

/** How often a worker that was frozen looks whether the group has answered. */
const CONFIRM_POLL_MS = 50

function newBackoff(): Backoff {
  return new Backoff({ initialMs: 100, maxMs: 5_000 })
}

import type { Logger } from '../api/logger.ts'
import { sleep } from '../async/abort.ts'
import { compareText } from './assignment.ts'

/** A worker of the group. */
export interface Peer {
  readonly memberId: string
  /** Advertised, with a slash at the end. */
  readonly url: string
  /** Where the group's coordinator sees it come from. */
  readonly host?: string
}

/** How an attendance at another worker's presence ended; see `attend`. */
export type Attendance = 'left' | 'refused' | 'broken' | 'foreign'

export interface PeerWatchOptions {
  /** The members of the group as of now; empty while it rebalances. */
  readonly members: (signal: AbortSignal) => Promise<readonly Peer[]>
  /**
   * Holds on to the presence of a worker's process and tells its instance. `left`: it stops gracefully; `refused`: nobody listens on its port;
   * `broken`: cut off, or no answer; `foreign`: a worker without a presence (a Java one).
   */
  readonly attend: (url: string, seen: (instance: string) => void, signal: AbortSignal) => Promise<Attendance>
  /** Of a member with this worker's URL: see former-self.ts. */
  readonly isFormerSelf: (peer: Peer, signal: AbortSignal) => Promise<boolean>
  /** Has a member leave the group; false when it is no member any more. */
  readonly remove: (memberId: string, reason: string, signal: AbortSignal) => Promise<boolean>
  /** A worker has died, or has left: the next generation can be formed at once, without waiting for a heartbeat to say so. */
  readonly gone: (peer: Peer) => void
  readonly logger: Logger
}

/** Between two attempts to reach a worker that did not answer; two refusals so far apart are a death. */
const PROBE_MS = 250
/** Each worker leaves the removal of a dead one so long to the worker before it. */
const TURN_MS = 500
const ASK_TIMEOUT_MS = 5_000
/** A worker stops its tasks before it leaves. */
const LEAVE_TIMEOUT_MS = 60_000

/**
 * Sees the death of other workers sooner than the group's session timeout does, and has the group go on without them. Each worker watches all
 * others; the leader removes a dead one, and if it is the leader that died or is gone, the next by member id.
 *
 *   unknown ─seen(instance)─► watched ─left─► awaited: it leaves the group itself when its tasks have stopped
 *                                │ └─broken─► probed ─refused twice, or another instance answers─► dead: remove it from the group
 *                                └─foreign─► done: nothing can be told; the session timeout decides, as for all in Kafka Connect
 */
export class PeerWatch implements Disposable {
  readonly #options: PeerWatchOptions
  readonly #closing = new AbortController()
  readonly #watched = new Map<string, AbortController>()
  readonly #dead = new Set<string>()
  #members: readonly Peer[] = []
  #self = ''
  #leaderUrl = ''

  constructor(options: PeerWatchOptions) {
    this.#options = options
  }

  /** All workers, this one too, as the last settled generation had them. */
  get members(): readonly Peer[] {
    return this.#members
  }

  /** A generation has settled: learn who is in it. */
  settled(self: Peer, leaderUrl: string): void {
    this.#self = self.memberId
    this.#leaderUrl = leaderUrl
    void this.#learn(self)
  }

  /** A process has its port for itself: a member with this worker's URL is what this worker was before it was killed. */
  async removePredecessors(url: string): Promise<void> {
    const { isFormerSelf, remove, logger } = this.#options
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(ASK_TIMEOUT_MS)])
    try {
      for (const peer of await this.#options.members(signal)) {
        if (peer.url !== url) continue
        const { memberId, host } = peer
        if (!(await isFormerSelf(peer, signal)))
          logger.warn(
            `${memberId} at ${host ?? 'another host'} has this worker's URL, ${url}: set rest.advertised.host.name`,
          )
        else if (await remove(memberId, 'the worker was started anew', signal))
          logger.info(`removed ${memberId} from the worker group: it was this worker, before it was started anew`)
      }
    } catch (error) {
      logger.debug('could not look for a former member of this worker', { error })
    }
  }

  async #learn(self: Peer): Promise<void> {
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(ASK_TIMEOUT_MS)])
    try {
      const members = await this.#options.members(signal)
      if (members.length === 0) return // the next generation is being formed
      this.#members = members
      const present = new Set(members.map(({ memberId }) => memberId))
      for (const [memberId, watch] of this.#watched) if (!present.has(memberId)) watch.abort()
      for (const peer of members) if (peer.url !== self.url && !this.#watched.has(peer.memberId)) this.#watch(peer)
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#options.logger.debug('could not learn who is in the group', { error })
    }
  }

  #watch(peer: Peer): void {
    const watch = new AbortController()
    this.#watched.set(peer.memberId, watch)
    void this.#attend(peer, AbortSignal.any([watch.signal, this.#closing.signal])).finally(() => {
      this.#watched.delete(peer.memberId)
      this.#dead.delete(peer.memberId)
    })
  }

  async #attend(peer: Peer, signal: AbortSignal): Promise<void> {
    let instance: string | undefined
    let refusals = 0
    let replaced = false
    while (!signal.aborted) {
      const attending = new AbortController()
      const seen = (now: string): void => {
        refusals = 0
        instance ??= now
        replaced = instance !== now
        if (replaced) attending.abort()
      }
      const end = await this.#options.attend(peer.url, seen, AbortSignal.any([signal, attending.signal]))
      if (signal.aborted || end === 'foreign') return
      if (end === 'left') return await this.#awaitLeave(peer, signal)
      if (end === 'refused') refusals++
      // Refused by one that was never seen: it may be stopping.
      if (replaced || (refusals >= 2 && instance !== undefined)) return await this.#bury(peer, signal)
      if (end === 'refused' || instance === undefined) await sleep(PROBE_MS, signal)
    }
  }

  /** Looks more often than heartbeats do, for the short while that a graceful stop takes. */
  async #awaitLeave(peer: Peer, signal: AbortSignal): Promise<void> {
    const until = AbortSignal.any([signal, AbortSignal.timeout(LEAVE_TIMEOUT_MS)])
    try {
      while (await sleep(PROBE_MS, until)) {
        // Unsettled: it has left already, or another reason to join anew has come.
        const members = await this.#options.members(until)
        if (members.some(({ memberId }) => memberId === peer.memberId)) continue
        this.#options.gone(peer)
        return
      }
    } catch (error) {
      if (!until.aborted) this.#options.logger.debug(`could not see ${peer.url} leave the group`, { error })
    }
  }

  async #bury(peer: Peer, signal: AbortSignal): Promise<void> {
    const { logger, remove, gone } = this.#options
    this.#dead.add(peer.memberId)
    const turn = this.#turn()
    logger.warn(`the worker at ${peer.url} has died`)
    gone(peer)
    while (!signal.aborted && (await sleep(turn * TURN_MS, signal))) {
      try {
        const removed = await remove(peer.memberId, 'the worker has died: its port refuses connections', signal)
        if (removed) logger.info(`removed the dead worker at ${peer.url} from the group`)
        return
      } catch (error) {
        logger.warn(`could not remove the dead worker at ${peer.url} from the group; trying again`, { error })
        if (!(await sleep(TURN_MS, signal))) return
      }
    }
  }

  /** 0: ours to act at once. The leader first, then by member id, the dead left out. */
  #turn(): number {
    const rank = ({ url, memberId }: Peer): string => `${url === this.#leaderUrl ? 0 : 1}${memberId}`
    const living = this.#members.filter(({ memberId }) => !this.#dead.has(memberId))
    const order = [...living].sort((a, b) => compareText(rank(a), rank(b)))
    return Math.max(
      0,
      order.findIndex(({ memberId }) => memberId === this.#self),
    )
  }

  [Symbol.dispose](): void {
    this.#closing.abort()
  }
}

import { ConnectError } from '../api/errors.ts'
import { abortable } from '../async/abort.ts'
import { Deferred } from '../async/deferred.ts'
import type { Group, Membership } from '../group/group.ts'
import type { Stages } from './stages.ts'

/** Another worker must answer this request. */
export class ElsewhereError extends ConnectError {
  /** Base URL of the worker to ask, with a slash at the end. */
  readonly url: string
  constructor(url: string) {
    super(`this request is answered by ${url}`, { code: 'CONFLICT' })
    this.url = url
  }
}

const JOINING = 'ensuring membership in the cluster'

/** Who may write: the leader of the settled group. Requests that arrive in a rebalance wait for its end. */
export class Leadership {
  readonly #group: Group
  readonly #stages: Stages
  #changed = new Deferred()
  /** One write at a time: what a request checked is still so when it writes. */
  #writing: Promise<unknown> = Promise.resolve()

  constructor(group: Group, stages: Stages) {
    this.#group = group
    this.#stages = stages
  }

  /** The membership may have changed. */
  poke(): void {
    const { resolve } = this.#changed
    this.#changed = new Deferred()
    resolve()
  }

  get isLeader(): boolean {
    return this.#group.membership?.isLeader === true
  }

  /** Throws the signal's reason when it aborts first. */
  async settled(signal: AbortSignal): Promise<Membership> {
    return this.#membership ?? (await this.#stages.during(JOINING, () => this.#settling(signal)))
  }

  get #membership(): Membership | undefined {
    const { membership, rebalancing } = this.#group
    return rebalancing ? undefined : membership
  }

  async #settling(signal: AbortSignal): Promise<Membership> {
    for (;;) {
      const membership = this.#membership
      if (membership !== undefined) return membership
      await abortable(this.#changed.promise, signal)
    }
  }

  /**
   * Throws ElsewhereError on any worker but the leader. A rebalance that shares work out anew does not change who leads: writes go on, and many of
   * them cost one rebalance instead of one each. Only a worker that may have lost its place waits to hear.
   */
  async required(signal: AbortSignal): Promise<void> {
    const known = this.#group.membership
    const confirmed = known !== undefined && (await abortable(this.#group.confirmed(), signal))
    const { isLeader, leaderUrl } = confirmed ? known : await this.settled(signal)
    if (!isLeader) throw new ElsewhereError(leaderUrl)
  }

  /** Runs `write` alone, on the leader; throws ElsewhereError on any other worker. */
  async write<T>(signal: AbortSignal, write: () => Promise<T>): Promise<T> {
    await this.required(signal)
    const result = this.#writing.then(async () => {
      signal.throwIfAborted()
      return await write()
    })
    this.#writing = result.catch(() => undefined)
    return await result
  }
}

import { ConnectError, TimeoutError } from '../api/errors.ts'
import { abortable } from '../async/abort.ts'
import { Deferred } from '../async/deferred.ts'
import type { Group, Membership } from '../group/group.ts'

/** Another worker must answer this request. */
export class ElsewhereError extends ConnectError {
  /** Base URL of the worker to ask, with a slash at the end. */
  readonly url: string
  constructor(url: string) {
    super(`this request is answered by ${url}`, { code: 'CONFLICT' })
    this.url = url
  }
}

/** Who may write: the leader of the settled group. Requests that arrive in a rebalance wait for its end. */
export class Leadership {
  readonly #group: Group
  #changed = new Deferred()
  /** One write at a time: what a request checked is still so when it writes. */
  #writing: Promise<unknown> = Promise.resolve()

  constructor(group: Group) {
    this.#group = group
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

  async settled(signal: AbortSignal): Promise<Membership> {
    for (;;) {
      const { membership, rebalancing } = this.#group
      if (membership !== undefined && !rebalancing) return membership
      try {
        await abortable(this.#changed.promise, signal)
      } catch (error) {
        throw new TimeoutError('Request timed out. The worker is currently ensuring membership in the cluster.', {
          cause: error,
        })
      }
    }
  }

  /** Runs `write` alone, on the leader; throws ElsewhereError on any other worker. */
  async write<T>(signal: AbortSignal, write: () => Promise<T>): Promise<T> {
    const { isLeader, leaderUrl } = await this.settled(signal)
    if (!isLeader) throw new ElsewhereError(leaderUrl)
    const result = this.#writing.then(async () => {
      signal.throwIfAborted()
      return await write()
    })
    this.#writing = result.catch(() => undefined)
    return await result
  }
}

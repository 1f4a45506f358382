import { difference, isNoWork } from './assignment.ts'
import type { ConfigView, Group, GroupEvents, Membership } from './group.ts'
import type { Peer } from './peer-watch.ts'

/** A group of one: the standalone worker. All work is its own; generations do not exist and show as 0. */
export class SoloGroupMember implements Group {
  readonly #config: ConfigView
  readonly #url: string
  #events: GroupEvents | undefined
  #membership: Membership | undefined
  #wanted = false
  #settling: Promise<void> | undefined

  constructor(options: { readonly config: ConfigView; readonly url: string }) {
    this.#config = options.config
    this.#url = options.url
  }

  get membership(): Membership | undefined {
    return this.#membership
  }

  get rebalancing(): boolean {
    return this.#settling !== undefined
  }

  get rebalances(): undefined {
    return undefined
  }

  get protocol(): 'default' {
    return 'default'
  }

  get workers(): readonly Peer[] {
    return [{ memberId: 'solo', url: this.#url }]
  }

  confirmed(): Promise<boolean> {
    return Promise.resolve(true)
  }

  start(events: GroupEvents): void {
    this.#events = events
    this.rejoin()
  }

  rejoin(): void {
    this.#wanted = true
    this.#settling ??= this.#settle().finally(() => (this.#settling = undefined))
  }

  async #settle(): Promise<void> {
    await Promise.resolve() // requests of one turn are one
    while (this.#wanted && this.#events !== undefined) {
      this.#wanted = false
      const { offset, configured } = this.#config.current()
      const gone = this.#membership === undefined ? undefined : difference(this.#membership.work, configured)
      if (gone !== undefined && !isNoWork(gone)) await this.#events.revoked(gone)
      this.#membership = {
        memberId: 'solo',
        generation: 0,
        isLeader: true,
        leaderUrl: this.#url,
        configOffset: offset,
        work: configured,
      }
      this.#events.assigned(this.#membership)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#settling
    const membership = this.#membership
    const events = this.#events
    this.#membership = undefined
    this.#events = undefined
    if (membership !== undefined) await events?.revoked(membership.work)
  }
}

/**
 * What a task waits for at this moment; the words of GET /connectors/{name}/progress.
 *
 * | word | the task |
 * |---|---|
 * | start | has been asked to start and has not answered |
 * | poll | has no records: poll() has not answered (a source) |
 * | records | has read all there is (a sink) |
 * | conversion | transforms and converts a batch, or waits to try a record again (errors.retry.timeout) |
 * | topic creation, producer room | a source before it can send |
 * | broker ack | sent records that no broker acknowledges |
 * | offset commit | its offsets are being written |
 * | transaction | a transaction is being ended |
 * | back-off | poll() or put() failed and will be called again |
 * | put | put() has not answered |
 * | consumer assignment | is not yet a member of its consumer group |
 * | resume | is paused |
 * | stop | has been asked to stop |
 */
export type Awaited =
  | 'start'
  | 'poll'
  | 'records'
  | 'conversion'
  | 'topic creation'
  | 'producer room'
  | 'broker ack'
  | 'offset commit'
  | 'transaction'
  | 'back-off'
  | 'put'
  | 'consumer assignment'
  | 'resume'
  | 'stop'

/** Plain data; times in ms since the epoch, null: not yet. */
export interface ProgressSnapshot {
  readonly waitsFor: Awaited
  readonly since: number
  readonly lastRead: number | null
  readonly lastSent: number | null
  readonly lastAcked: number | null
  readonly lastCommitted: number | null
  readonly read: number
  readonly sent: number
  readonly acked: number
  /** Records read and not acknowledged (source) or taken by put (sink). */
  readonly inFlight: number
  /** Records behind the end of the log; null for sources. */
  readonly lag: number | null
  /** It should move, and has not since then. */
  readonly stuckSince: number | null
}

/** What a task may wait for without anything being wrong, as long as nothing else is outstanding. */
const IDLE: ReadonlySet<Awaited> = new Set<Awaited>(['poll', 'records', 'resume', 'stop'])

/** How far a task is: a few fields that its loop sets per batch and others read when they ask. */
export class TaskProgress {
  #waitsFor: Awaited = 'start'
  #since = Date.now()
  /** A wait for an acknowledgement or commit that goes on beside the loop. */
  #beside: { readonly what: Awaited; readonly since: number } | undefined
  #lastRead: number | null = null
  #lastSent: number | null = null
  #lastAcked: number | null = null
  #lastCommitted: number | null = null
  #read = 0
  #sent = 0
  #acked = 0
  /** Since when there has been something in flight without any acknowledgement. */
  #owedSince = 0
  /** When the figures were last seen to move, and at which read. */
  #behindSince: number | null = null
  #readWhenBehind = 0
  inFlight: () => number = () => 0
  /** undefined: a source, which knows no end of its log. */
  lag: (() => number) | undefined

  /** From now on the task's loop waits for this. */
  waits(what: Awaited): void {
    if (what === this.#waitsFor) return
    this.#waitsFor = what
    this.#since = Date.now()
  }

  get waitsFor(): Awaited {
    return this.#waitsFor
  }

  read(records: number): void {
    this.#lastRead = Date.now()
    this.#read += records
  }

  /** Handed to the producer, or taken by put. */
  sent(records: number): void {
    const now = Date.now()
    if (this.#sent <= this.#acked) this.#owedSince = now
    this.#lastSent = now
    this.#sent += records
  }

  acked(records: number): void {
    this.#lastAcked = this.#owedSince = Date.now()
    this.#acked += records
  }

  committed(): void {
    this.#lastCommitted = Date.now()
  }

  /** Something that is waited for beside the loop; undefined when it is over. */
  waitsBeside(what: Awaited | undefined): void {
    this.#beside = what === undefined ? undefined : { what, since: Date.now() }
  }

  snapshot(now: number): ProgressSnapshot {
    const { what, since, stuckSince } = this.#current(now)
    return {
      waitsFor: what,
      since,
      lastRead: this.#lastRead,
      lastSent: this.#lastSent,
      lastAcked: this.#lastAcked,
      lastCommitted: this.#lastCommitted,
      read: this.#read,
      sent: this.#sent,
      acked: this.#acked,
      inFlight: this.inFlight(),
      lag: this.lag?.() ?? null,
      stuckSince,
    }
  }

  #current(now: number): { readonly what: Awaited; readonly since: number; readonly stuckSince: number | null } {
    const what = this.#waitsFor
    const since = this.#since
    if (!IDLE.has(what)) return { what, since, stuckSince: since }
    if (what === 'resume' || what === 'stop') return { what, since, stuckSince: null }
    // The loop has nothing to do, but something it did before may not have come to its end.
    if (this.lag === undefined && this.inFlight() > 0)
      return { what: 'broker ack', since: this.#owedSince, stuckSince: this.#owedSince }
    if (this.#beside !== undefined)
      return { what: this.#beside.what, since: this.#beside.since, stuckSince: this.#beside.since }
    return { what, since, stuckSince: this.#behind(now) }
  }

  /** A sink that waits for records although there are some. */
  #behind(now: number): number | null {
    if (this.lag === undefined || this.lag() === 0) return (this.#behindSince = null)
    if (this.#behindSince === null || this.#readWhenBehind !== this.#read) {
      this.#behindSince = now
      this.#readWhenBehind = this.#read
    }
    return this.#behindSince
  }
}

import { Meter } from '../telemetry/meter.ts'
import type { MetricWindow } from '../telemetry/windowed-statistics.ts'

/**
 * Counts what a member of a group does, as Java's (AbstractCoordinator.GroupCoordinatorMetrics): a rebalance begins with the first JoinGroup
 * and ends with a good SyncGroup; each attempt between them that came to nothing is a failed one, even that which only asks for a member id
 * (KIP-394). Looking for the coordinator is no attempt.
 */
export class GroupMeter {
  /** Milliseconds from request to response. Joins and syncs: good answers only. */
  readonly heartbeats: Meter
  readonly joins: Meter
  readonly syncs: Meter
  /** Milliseconds from the first JoinGroup to the last SyncGroup. */
  readonly rebalances: Meter
  readonly failures: Meter
  #attempting = false
  #rebalanceStart: number | undefined
  #rebalancedAt: number | undefined
  #beatAt: number | undefined

  constructor(window?: MetricWindow) {
    this.heartbeats = new Meter(window)
    this.joins = new Meter(window)
    this.syncs = new Meter(window)
    this.rebalances = new Meter(window)
    this.failures = new Meter(window)
  }

  beating(now = Date.now()): void {
    this.#beatAt = now
  }

  joining(now = Date.now()): void {
    this.#attempting = true
    this.#rebalanceStart ??= now
  }

  rebalanced(now = Date.now()): void {
    this.#attempting = false
    this.rebalances.record(now - (this.#rebalanceStart ?? now), now)
    this.#rebalanceStart = undefined
    this.#rebalancedAt = now
  }

  /** An attempt ended without assignment; counts if it had got as far as to send a JoinGroup. */
  failed(now = Date.now()): void {
    if (this.#attempting) this.failures.record(1, now)
    this.#attempting = false
  }

  /** Whole seconds since a heartbeat was sent; -1: never. */
  sinceHeartbeat(now: number): number {
    return secondsSince(this.#beatAt, now)
  }

  /** Whole seconds since a rebalance succeeded; -1: never. */
  sinceRebalance(now: number): number {
    return secondsSince(this.#rebalancedAt, now)
  }
}

function secondsSince(at: number | undefined, now: number): number {
  return at === undefined ? -1 : Math.floor((now - at) / 1000)
}

import { NO_WORK, compareText, difference, intersection, isNoWork, sorted, union } from './assignment.ts'
import type { Work } from './assignment.ts'
import { balancingRevocations, dealInTurn, dealToLeastLoaded, duplicates, isIdle, takeAway } from './worker-load.ts'
import type { WorkerLoad } from './worker-load.ts'

export interface CooperativeRound {
  /** Member id → what it says to run. */
  readonly members: ReadonlyMap<string, Work>
  readonly configured: Work
  /** The generation being formed, and the last one that this leader completed. */
  readonly generation: number
  readonly lastGeneration: number
}

export interface CooperativeResult {
  /** What is new for a member, and what it must stop; what it keeps is in neither. */
  readonly assigned: ReadonlyMap<string, Work>
  readonly revoked: ReadonlyMap<string, Work>
  /** All members rejoin after this time; 0: no appointment. */
  readonly delayMs: number
}

/**
 * Incremental cooperative assignment (KIP-415), step by step as Kafka Connect's IncrementalCooperativeAssignor decides, so that leadership may
 * move between the two. Nothing moves that need not; the work of a lost worker waits `maxDelayMs` for it to come back; what moves is revoked in one
 * round and assigned in the next. Only a leader keeps this state; a new one starts empty.
 *
 * Time comes in as `now()`, everything else by argument: the same calls give the same answers.
 */
export class CooperativeAssignor {
  readonly #maxDelayMs: number
  readonly #now: () => number
  #previous: Work = NO_WORK
  #previousGeneration = -1
  #previousMembers: ReadonlySet<string> = new Set()
  #previousRevocation: Work = NO_WORK
  #revokedInPrevious = false
  #successiveRevocations = 0
  /** Members seen without work while lost work waits: probably the lost worker, restarted. */
  #candidates = new Set<string>()
  /** When lost or surplus work may move; 0: nothing is waiting. Milliseconds. */
  #scheduledAt = 0
  #delayMs = 0

  constructor(options: { readonly maxDelayMs: number; readonly now: () => number }) {
    this.#maxDelayMs = options.maxDelayMs
    this.#now = options.now
  }

  assign({ members, configured, generation, lastGeneration }: CooperativeRound): CooperativeResult {
    if (this.#previousGeneration !== lastGeneration) this.#previous = NO_WORK
    const works = [...members.values()]
    const active = union(...works)
    this.#forgetFailedRevocation(active)

    const deleted = difference(this.#previous, configured)
    const lost = sorted(difference(this.#previous, active, deleted))
    const created = difference(configured, this.#previous, active)
    const duplicated = duplicates(works)

    const toStop = union(deleted, duplicated)
    const revoked = new Map<string, Work>()
    addRevocations(revoked, new Map([...members].map(([member, held]) => [member, intersection(held, toStop)])))
    const next = [...members]
      .sort(([a], [b]) => compareText(a, b))
      .map(([worker, held]): WorkerLoad => ({ worker, connectors: held.connectors, tasks: held.tasks }))
    takeAway(next, revoked)

    const lostToReassign = this.#placeLost(lost, next)
    const balancing = this.#balance(configured, next)
    addRevocations(revoked, balancing)
    takeAway(next, balancing)
    dealToLeastLoaded(next, sorted(union(created, lostToReassign)))

    const allRevoked = union(...revoked.values())
    this.#previous = union(difference(union(...next), allRevoked), lost)
    this.#previousRevocation = allRevoked
    this.#previousMembers = new Set(members.keys())
    this.#previousGeneration = generation
    return {
      assigned: new Map(next.map((load) => [load.worker, difference(load, members.get(load.worker) ?? NO_WORK)])),
      revoked,
      delayMs: this.#delayMs,
    }
  }

  /** Members that still run what they were told to stop have missed the last round: believe what they report. */
  #forgetFailedRevocation(active: Work): void {
    if (!isNoWork(intersection(this.#previousRevocation, active))) this.#previous = active
    this.#previousRevocation = NO_WORK
  }

  /** Answers what of the lost work is to be assigned like new work now; may deal it to candidates itself, or let it wait. */
  #placeLost(lost: Work, next: readonly WorkerLoad[]): Work {
    if (isNoWork(lost) && !this.#revokedInPrevious) {
      this.#resetDelay()
      return NO_WORK
    }
    const present = new Set(next.map(({ worker }) => worker))
    // Nobody left, so members failed to get their last assignment: waiting for them would be pointless.
    if (this.#scheduledAt <= 0 && [...this.#previousMembers].every((member) => present.has(member))) return lost
    if (this.#maxDelayMs === 0) return lost
    const now = this.#now()
    if (this.#scheduledAt > 0 && now >= this.#scheduledAt) {
      const candidates = next.filter(({ worker }) => this.#candidates.has(worker))
      if (candidates.length > 0) dealInTurn(candidates, lost)
      this.#resetDelay()
      this.#revokedInPrevious = false
      return candidates.length > 0 ? NO_WORK : lost
    }
    for (const load of next) if (isIdle(load)) this.#candidates.add(load.worker)
    this.#delayMs = now < this.#scheduledAt ? this.#scheduledAt - now : this.#maxDelayMs
    this.#scheduledAt = now + this.#delayMs
    return NO_WORK
  }

  #resetDelay(): void {
    this.#candidates = new Set()
    this.#scheduledAt = 0
    this.#delayMs = 0
  }

  /** Revocations for balance; after a round that revoked, the next such round is put off, longer each time. */
  #balance(configured: Work, next: readonly WorkerLoad[]): ReadonlyMap<string, Work> {
    if (this.#delayMs !== 0) {
      this.#revokedInPrevious = false
      return new Map()
    }
    const revocations = isNoWork(configured) ? new Map<string, Work>() : balancingRevocations(next, configured)
    if (revocations.size === 0) {
      if (this.#revokedInPrevious) {
        this.#revokedInPrevious = false
        this.#successiveRevocations = 0
      }
      return revocations
    }
    if (!this.#revokedInPrevious) {
      this.#revokedInPrevious = true
      return revocations
    }
    this.#successiveRevocations++
    // KAFKA-12495: 40 ms, 1.6 s, 64 s, ... up to the greatest delay
    this.#delayMs = this.#maxDelayMs === 0 ? 0 : Math.min(40 ** this.#successiveRevocations, this.#maxDelayMs)
    if (this.#delayMs === 0) return revocations
    this.#scheduledAt = this.#now() + this.#delayMs
    return new Map()
  }
}

function addRevocations(all: Map<string, Work>, more: ReadonlyMap<string, Work>): void {
  for (const [member, work] of more) if (!isNoWork(work)) all.set(member, union(all.get(member) ?? NO_WORK, work))
}

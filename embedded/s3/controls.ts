import type { Operation } from './operation.ts'
import type { S3ErrorCode } from './s3-error.ts'

/** A fault on demand. `cut` destroys the connection; after `afterBytes` of the request's body when given. */
export type Fault =
  | { readonly kind: 'error'; readonly code: S3ErrorCode; readonly message?: string }
  /** Status 200 and an error document, as S3 may answer CompleteMultipartUpload and CopyObject. */
  | { readonly kind: 'error-in-200'; readonly code: S3ErrorCode }
  | { readonly kind: 'cut'; readonly afterBytes?: number }
  /** Does the work, then cuts the connection instead of answering. */
  | { readonly kind: 'lost-answer' }
  | { readonly kind: 'delay'; readonly ms: number }
  /** Reads request bodies and writes answers at this pace. */
  | { readonly kind: 'slow-body'; readonly bytesPerSecond: number }

export interface FaultRule {
  readonly fault: Fault
  /** Absent: every operation. */
  readonly operation?: Operation
  readonly key?: RegExp
  /** How many requests are hit; default 1. `Infinity`: until cleared. */
  readonly times?: number
}

/** The test's hands on a running server. */
export class Controls {
  readonly #rules: { rule: FaultRule; left: number }[] = []
  readonly #counts = new Map<Operation, number>()
  readonly #waiters = new Set<() => void>()

  /** Rules are tried in the order they were added; the first that matches is used up. */
  inject(rule: FaultRule): void {
    this.#rules.push({ rule, left: rule.times ?? 1 })
  }

  /** The next `times` requests are answered 503 SlowDown. */
  slowDown(times: number, operation?: Operation): void {
    this.inject({ fault: { kind: 'error', code: 'SlowDown' }, times, ...(operation && { operation }) })
  }

  clear(): void {
    this.#rules.length = 0
  }

  /** Requests that reached the server since it started, faulty ones included. */
  count(operation: Operation): number {
    return this.#counts.get(operation) ?? 0
  }

  /** Resolves when `operation` was requested `times` times in all. */
  async requested(operation: Operation, times: number): Promise<void> {
    while (this.count(operation) < times) await new Promise<void>((resolve) => this.#waiters.add(resolve))
  }

  /** For the server: notes the request and takes its fault. */
  take(operation: Operation, key: string): Fault | undefined {
    this.#counts.set(operation, this.count(operation) + 1)
    for (const wake of this.#waiters) wake()
    this.#waiters.clear()
    const entry = this.#rules.find(
      ({ rule, left }) =>
        left > 0 && (rule.operation ?? operation) === operation && (rule.key === undefined || rule.key.test(key)),
    )
    if (!entry) return undefined
    entry.left--
    if (entry.left <= 0) this.#rules.splice(this.#rules.indexOf(entry), 1)
    return entry.rule.fault
  }
}

/** Counters of the group task-error-metrics. */
export class ErrorMetrics {
  /** Operations that failed, each retry too. */
  failures = 0
  /** Records that failed in the end. */
  errors = 0
  skipped = 0
  retries = 0
  logged = 0
  dlqRequests = 0
  dlqFailures = 0
  /** ms since the epoch, 0: none */
  lastErrorAt = 0

  failed(): void {
    this.failures++
    this.errors++
    this.lastErrorAt = Date.now()
  }
}

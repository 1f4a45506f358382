import { sleep } from '../async/abort.ts'
import { Backoff } from '../async/backoff.ts'
import type { ClientOptions } from './client-options.ts'
import { isKafkaError } from './kafka-errors.ts'

/**
 * Repeats until it succeeds, fails for good, or default.api.timeout.ms is over; then the last error is thrown. Pauses grow from
 * retry.backoff.ms to retry.backoff.max.ms.
 */
export async function retrying<T>(
  options: ClientOptions,
  signal: AbortSignal | undefined,
  attempt: () => Promise<T>,
  timeoutMs: number = options.apiTimeoutMs,
): Promise<T> {
  const deadline = Date.now() + timeoutMs
  const backoff = new Backoff({ initialMs: options.retryBackoffMs, maxMs: options.retryBackoffMaxMs })
  for (;;) {
    signal?.throwIfAborted()
    try {
      return await attempt()
    } catch (error) {
      if (!isKafkaError(error) || !error.retriable) throw error
      const pause = backoff.next()
      if (Date.now() + pause > deadline) throw error
      if (!(await sleep(pause, signal))) signal!.throwIfAborted()
    }
  }
}

import { setTimeout as sleep } from 'node:timers/promises'
import { ConnectError, RetriableError } from 'naru/api'
import type { Logger } from 'naru/api'
import { failureKind, failureText } from './store-errors.ts'

export interface RetryOptions {
  /** Tries of one round beyond the first. */
  readonly retries: number
  /** First pause in a round, ms; doubles, with full jitter. */
  readonly backoffMs: number
  /** Pause between rounds, ms. */
  readonly roundBackoffMs: number
}

const MAX_PAUSE_MS = 20_000

/** The upload this belongs to does not exist any more: what went into it must be read from Kafka again. */
export class LostUploadError extends ConnectError {}

/** A conditional write found an object of that name. */
export class PreconditionError extends ConnectError {}

/**
 * Repeats requests until they succeed or cannot: rounds of tries with exponential back-off, without end. After a failed round
 * `trouble` says what is wrong, until a request succeeds again.
 */
export class Retrying {
  readonly #options: RetryOptions
  readonly #logger: Logger
  #trouble: RetriableError | undefined

  constructor(options: RetryOptions, logger: Logger) {
    this.#options = options
    this.#logger = logger
  }

  get trouble(): RetriableError | undefined {
    return this.#trouble
  }

  /** `what` completes "cannot …". Throws LostUploadError, PreconditionError, ConnectError, or the signal's reason. */
  async run<T>(what: string, signal: AbortSignal, request: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        const result = await request()
        if (this.#trouble) this.#logger.info('S3 answers again')
        this.#trouble = undefined
        return result
      } catch (error) {
        signal.throwIfAborted()
        const message = `cannot ${what}: ${failureText(error)}`
        const kind = failureKind(error)
        if (kind === 'lost') throw new LostUploadError(message, { cause: error })
        if (kind === 'exists') throw new PreconditionError(message, { cause: error })
        if (kind === 'fatal') throw new ConnectError(message, { cause: error })
        await sleep(this.#pause(attempt, message, error), undefined, { signal })
      }
    }
  }

  #pause(attempt: number, message: string, cause: unknown): number {
    const { retries, backoffMs, roundBackoffMs } = this.#options
    const inRound = attempt % (retries + 1)
    if (inRound < retries) return Math.random() * Math.min(MAX_PAUSE_MS, backoffMs * 2 ** inRound)
    this.#trouble = new RetriableError(`${message} (after ${attempt + 1} tries; trying on)`, { cause })
    this.#logger.warn(this.#trouble.message)
    return roundBackoffMs * (0.5 + Math.random() / 2)
  }
}

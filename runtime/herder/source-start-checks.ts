import { ConnectError, errorCode } from '../api/errors.ts'
import { sleep } from '../async/abort.ts'
import { Backoff } from '../async/backoff.ts'
import { taskName } from '../group/assignment.ts'
import type { TaskStart } from '../worker/launch-spec.ts'
import type { SourceStarts } from '../worker/source-starts.ts'
import { ElsewhereError } from './leadership.ts'
import type { Leadership } from './leadership.ts'
import type { HerderParts } from './parts.ts'
import { idsToFence } from './zombie-fencing.ts'
import type { ZombieFencing } from './zombie-fencing.ts'

/** A leader that is being replaced, or a broker that is away, keeps a task waiting for so long before it fails. */
const PATIENCE_MS = 120_000

/** What a worker makes sure of before and after one of its source tasks takes its transactional id over (exactly-once support). */
export class SourceStartChecks implements SourceStarts {
  readonly #parts: HerderParts
  readonly #leadership: Leadership
  readonly #fencing: ZombieFencing
  readonly #closing = new AbortController()

  constructor(parts: HerderParts, leadership: Leadership, fencing: ZombieFencing) {
    this.#parts = parts
    this.#leadership = leadership
    this.#fencing = fencing
  }

  /** Producers of older task sets are fenced. Asked of the leader, unless the config topic says that it is done. */
  async fence(spec: TaskStart): Promise<void> {
    const { connector } = spec.id
    const { configs, logger } = this.#parts
    const deadline = AbortSignal.timeout(PATIENCE_MS)
    const signal = AbortSignal.any([deadline, this.#closing.signal])
    const backoff = new Backoff({ initialMs: 100, maxMs: 2_000 })
    while (idsToFence(configs.state, connector) !== undefined) {
      try {
        await this.#ask(connector, signal)
        return
      } catch (error) {
        // Also what is out of date by now does not need an answer.
        this.verify(spec)
        if (signal.aborted || !isTransient(error))
          throw new ConnectError('Failed to perform zombie fencing', { cause: error })
        logger.debug(`earlier tasks of ${connector} are not fenced yet; trying again`, { error })
        await sleep(backoff.next(), signal)
      }
    }
  }

  async #ask(connector: string, signal: AbortSignal): Promise<void> {
    const { isLeader, leaderUrl } = await this.#leadership.settled(signal)
    if (isLeader) await this.#fencing.fence(connector, signal)
    else await this.#parts.requests.fence(leaderUrl, connector)
  }

  verify({ id, taskProps }: TaskStart): void {
    const { configs, group } = this.#parts
    const prefix = `Cannot start source task ${taskName(id)} with exactly-once support as`
    if (configs.state.taskSets.get(id.connector)?.configs[id.task] !== taskProps)
      throw new ConnectError(`${prefix} the connector has already generated a new set of task configs`)
    const ours = group.membership?.work.tasks ?? []
    if (!ours.some(({ connector, task }) => connector === id.connector && task === id.task))
      throw new ConnectError(`${prefix} it has already been revoked from this worker`)
  }

  [Symbol.dispose](): void {
    this.#closing.abort()
  }
}

function isTransient(error: unknown): boolean {
  if (error instanceof ElsewhereError) return true
  const code = errorCode(error)
  return code === 'CONFLICT' || code === 'RETRIABLE' || code === 'TIMEOUT'
}

import { ConnectError, errorCode } from '../api/index.ts'
import { kafkaCode } from '../kafka/kafka-errors.ts'
import { ErrorCode } from '../kafka/protocol/index.ts'

/**
 * What failed a task with exactly-once support. The broker aborts a transaction that outlives `transaction.timeout.ms` by raising the
 * producer's epoch, which then looks like fencing by another producer: only its age tells them apart. Messages are Connect's.
 */
export function transactionError(
  error: unknown,
  transaction: { readonly task: string; readonly doing: string; readonly ageMs: number; readonly timeoutMs: number },
): ConnectError {
  const { task, doing, ageMs, timeoutMs } = transaction
  if (isEpochError(error) && ageMs >= timeoutMs)
    return new ConnectError(
      `The task ${task} was unable to finish writing records to Kafka before its producer transaction expired. ` +
        'It may be necessary to reconfigure this connector in order for it to run healthily with exactly-once support. ' +
        "Options for this include: tune the connector's producer configuration for higher throughput, " +
        `increase the transaction timeout for the connector's producers (producer.override.transaction.timeout.ms, now ${timeoutMs}), ` +
        'decrease the offset commit interval (if using interval-based transaction boundaries), ' +
        "or use the 'poll' transaction boundary (if the connector is not already configured to use it).",
      { cause: error },
    )
  return new ConnectError(doing, { cause: error, ...(isEpochError(error) ? { code: 'FENCED' as const } : {}) })
}

function isEpochError(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    const code = kafkaCode(at)
    if (errorCode(at) === 'FENCED' || code === ErrorCode.INVALID_PRODUCER_EPOCH) return true
  }
  return false
}

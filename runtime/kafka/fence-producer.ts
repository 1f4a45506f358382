import { sleep } from '../async/abort.ts'
import type { Cluster } from './cluster.ts'
import { isKafkaError, needsMetadata, throwOn } from './kafka-errors.ts'
import { ErrorCode, InitProducerId } from './protocol/index.ts'
import { retrying } from './retry.ts'

/** An open transaction is being aborted meanwhile: that takes milliseconds. */
const CONCURRENT_PAUSE_MS = 5

/** Raises the epoch of a transactional id; resolves when a transaction that was open is aborted. */
export async function fenceProducer(
  cluster: Cluster,
  transactionalId: string,
  options: { readonly timeoutMs?: number; readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const { timeoutMs = cluster.options.apiTimeoutMs, signal } = options
  const deadline = Date.now() + timeoutMs
  // No transaction is opened with this timeout, but the coordinator also gives its own log as long to replicate the new epoch: with one that is too
  // short nobody is ever fenced where replicas are slow (https://issues.apache.org/jira/browse/KAFKA-16047).
  const request = { transactionalId, transactionTimeoutMs: cluster.options.requestTimeoutMs }
  await retrying(
    cluster.options,
    signal,
    async () => {
      for (;;) {
        const node = await cluster.coordinator(transactionalId, signal, 'transaction')
        try {
          const { errorCode } = await cluster.send(node, InitProducerId, request, { signal })
          if (errorCode !== ErrorCode.CONCURRENT_TRANSACTIONS || Date.now() > deadline) {
            throwOn(errorCode, `fence the producers of transactional id ${transactionalId}`)
            return
          }
        } catch (error) {
          if (isKafkaError(error) && needsMetadata(error.kafkaCode))
            cluster.forgetCoordinator(transactionalId, 'transaction')
          throw error
        }
        await sleep(CONCURRENT_PAUSE_MS, signal)
        signal?.throwIfAborted()
      }
    },
    timeoutMs,
  )
}

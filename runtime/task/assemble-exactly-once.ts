import type { SourceConnectorClass, Props } from '../api/index.ts'
import { transactionalProducerProps } from '../config/client-overrides.ts'
import type { SourceConfig } from '../config/connector-config.ts'
import { KafkaClients } from '../kafka/kafka-clients.ts'
import { ConnectorOffsets } from './connector-offsets.ts'
import { ExactlyOnceDelivery } from './exactly-once-delivery.ts'
import type { Boundary } from './exactly-once-delivery.ts'
import type { Guarantee, GuaranteeParts } from './guarantee.ts'
import { SourceOffsets } from './source-offsets.ts'
import { TransactionMarks } from './transaction-marks.ts'
import { TransactionalOffsets } from './transactional-offsets.ts'

/** The default of transaction.timeout.ms. */
const TRANSACTION_TIMEOUT_MS = 60_000

export function exactlyOnce(given: GuaranteeParts): Guarantee {
  const { parts, id, config, connectorClass, task, tolerance, metrics, opened } = given
  const { connector, connectorProps, worker, logger, progress } = parts
  const { props, forced } = transactionalProducerProps(worker, connectorProps, id)
  for (const key of forced)
    logger.warn(`${key} is set for exactly-once support: it is always ${props[key]} here, and its override is ignored`)
  const clients = opened.use(new KafkaClients({ props, logger }))
  const producer = clients.transactionalProducer(props)
  opened.defer(() => producer.abandon())
  const places = new ConnectorOffsets(parts, id, opened)
  const { topic, copy } = places
  const offsets = new TransactionalOffsets({ topic, copy, offsets: new SourceOffsets(connector) })
  const intervalMs = worker.common['offset.flush.interval.ms']
  const boundary = boundaryOf(config, intervalMs)
  const transactionTimeoutMs = Number(props['transaction.timeout.ms'] ?? TRANSACTION_TIMEOUT_MS)
  if (boundary.kind === 'interval' && boundary.ms >= transactionTimeoutMs)
    logger.warn(
      `transactions are to end every ${boundary.ms} ms but expire after transaction.timeout.ms=${transactionTimeoutMs}: ` +
        'lower transaction.boundary.interval.ms or raise producer.override.transaction.timeout.ms',
    )
  let canReplay = false
  return {
    prepare: async (stop) => {
      canReplay = await replays(connectorClass, connectorProps)
      // Fences what is left of the task elsewhere, and ends its transaction: the offsets that are read after this are final.
      await producer.initTransactions(stop)
      await parts.verify()
      await places.open(stop)
    },
    readOffsets: (partitions) => places.read(partitions),
    transactionContext: boundary.kind === 'connector' ? boundary.marks : undefined,
    delivery: () =>
      new ExactlyOnceDelivery({
        ...{ producer, offsets, boundary, transactionTimeoutMs, intervalMs, tolerance, metrics, progress },
        task: id,
        keepsUnitsWhole: task.keepsUnitsWhole === true,
        replays: canReplay,
        logger: logger.child('[offsets]'),
        committed: async (committed) => await task.commit?.(committed),
      }),
  }
}

function boundaryOf(config: SourceConfig, flushIntervalMs: number): Boundary {
  switch (config['transaction.boundary'].toLowerCase()) {
    case 'interval':
      return { kind: 'interval', ms: config['transaction.boundary.interval.ms'] ?? flushIntervalMs }
    case 'connector':
      return { kind: 'connector', marks: new TransactionMarks() }
    default:
      return { kind: 'poll' }
  }
}

/** Does the connector say that it resumes exactly behind what was committed? One that cannot say is not asked to read anything twice. */
async function replays(connectorClass: SourceConnectorClass, props: Props): Promise<boolean> {
  try {
    return (await new connectorClass().exactlyOnceSupport?.(props)) === 'SUPPORTED'
  } catch {
    return false
  }
}

import type { Logger, Props, SourceConnectorClass } from '../api/index.ts'
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
  const transactionTimeoutMs = Number(props['transaction.timeout.ms'] ?? TRANSACTION_TIMEOUT_MS)
  const boundary = boundaryOf(config, { intervalMs, transactionTimeoutMs, logger })
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

interface Times {
  /** `offset.flush.interval.ms` */
  readonly intervalMs: number
  readonly transactionTimeoutMs: number
  readonly logger: Logger
}

function boundaryOf(config: SourceConfig, times: Times): Boundary {
  switch (config['transaction.boundary'].toLowerCase()) {
    case 'interval':
      return { kind: 'interval', ms: boundaryMs(config, times) }
    case 'connector':
      return { kind: 'connector', marks: new TransactionMarks() }
    default:
      return { kind: 'poll' }
  }
}

/** A transaction that lasts until its timeout is aborted by Kafka, and so it would be with the defaults of both: it ends in half of that time. */
function boundaryMs(config: SourceConfig, { intervalMs, transactionTimeoutMs, logger }: Times): number {
  const ms = config['transaction.boundary.interval.ms'] ?? intervalMs
  if (ms < transactionTimeoutMs) return ms
  const half = Math.floor(transactionTimeoutMs / 2)
  logger.info(
    `transactions end every ${half} ms instead of every ${ms} ms: they would expire after transaction.timeout.ms=${transactionTimeoutMs}. ` +
      'For longer ones raise producer.override.transaction.timeout.ms',
  )
  return half
}

/** Does the connector say that it resumes exactly behind what was committed? One that cannot say is not asked to read anything twice. */
async function replays(connectorClass: SourceConnectorClass, props: Props): Promise<boolean> {
  try {
    return (await new connectorClass().exactlyOnceSupport?.(props)) === 'SUPPORTED'
  } catch {
    return false
  }
}

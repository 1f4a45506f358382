import { ConnectError } from '../api/index.ts'
import { internalProps, sourceProducerProps } from '../config/client-overrides.ts'
import type { Producer } from '../kafka/producer.ts'
import { AtLeastOnceDelivery } from './at-least-once-delivery.ts'
import { ConnectorOffsets } from './connector-offsets.ts'
import type { Guarantee, GuaranteeParts } from './guarantee.ts'
import type { OffsetCopy } from './offset-copy.ts'
import { allAck, openProducer, sameGuarantee, sinkInto } from './offset-sinks.ts'
import { SourceOffsets } from './source-offsets.ts'
import type { OffsetSink } from './source-offsets.ts'

export function atLeastOnce(given: GuaranteeParts): Guarantee {
  const { parts, id, task, tolerance, metrics, opened } = given
  const { connector, connectorProps, worker, logger, progress, writeOffsets } = parts
  const producer = openProducer(sourceProducerProps(worker, connectorProps, id), logger, opened)
  const places = writeOffsets === undefined ? new ConnectorOffsets(parts, id, opened) : undefined
  const sink = guarded(
    writeOffsets === undefined ? offsetSink(given, producer, places!) : (writeOffsets as OffsetSink),
    parts.stillOurs,
  )
  const offsets = new SourceOffsets(connector)
  return {
    prepare: async (stop) => await places?.open(stop),
    readOffsets: (partitions) => places?.read(partitions) ?? parts.readOffsets(partitions),
    transactionContext: undefined,
    delivery: () =>
      new AtLeastOnceDelivery({
        ...{ producer, offsets, sink, tolerance, metrics, progress },
        logger: logger.child('[offsets]'),
        keepsUnitsWhole: task.keepsUnitsWhole === true,
        committed: async (committed) => await task.commit?.(committed),
        timeoutMs: worker.common['offset.flush.timeout.ms'],
        intervalMs: worker.common['offset.flush.interval.ms'],
      }),
  }
}

function offsetSink({ parts, id, opened }: GuaranteeParts, records: Producer, places: ConnectorOffsets): OffsetSink {
  const { worker, connectorProps, logger } = parts
  const { topic, copy } = places
  if (copy === undefined) {
    const producer = sameGuarantee(parts) ? records : openProducer(internalProps(worker, 'offsets'), logger, opened)
    return sinkInto(producer, topic)
  }
  const props = sourceProducerProps(worker, connectorProps, id)
  const producer = allAck(props) ? records : openProducer({ ...props, acks: 'all' }, logger, opened)
  return copied(sinkInto(producer, topic), copy)
}

/** Invariant 3: a worker that was frozen for longer than its session has lost the task, and must not overwrite what its new owner has done. */
function guarded(sink: OffsetSink, stillOurs: () => Promise<boolean>): OffsetSink {
  return async (records, signal) => {
    if (!(await stillOurs())) throw new ConnectError('this worker may have lost the task to another one')
    await sink(records, signal)
  }
}

/** A connector's own topic, with the copy in the worker's. */
function copied(sink: OffsetSink, copy: OffsetCopy): OffsetSink {
  return async (records, signal) => {
    await copy.remove(records)
    await sink(records, signal)
    copy.put(records)
  }
}

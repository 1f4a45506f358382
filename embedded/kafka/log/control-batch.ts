/**
 * The markers that end transactions: a control batch with one record, key = int16 version, int16 type (0 abort, 1 commit), value =
 * int16 version, int32 epoch of the coordinator. Source: Kafka documentation, "Control Batches", and EndTxnMarker.json.
 */
import { ATTRIBUTES, BATCH_HEADER, RecordBatchBuilder, stampBatch } from 'naru/protocol'

import { HEADER_BYTES } from './batch-header.ts'

export type MarkerType = 'commit' | 'abort'

export interface Marker {
  readonly producerId: number
  readonly producerEpoch: number
  readonly type: MarkerType
}

const TYPES = { abort: 0, commit: 1 } as const
/** A lone broker coordinates since for ever. */
const COORDINATOR_EPOCH = 0
const KEY_BYTES = 4
const VALUE_BYTES = 6
/** Length, attributes, time and offset delta and key length of the only record take one byte each. */
const KEY_AT = HEADER_BYTES + 5

export function markerBatch({ producerId, producerEpoch, type }: Marker, timestamp: number): Buffer {
  const key = Buffer.alloc(KEY_BYTES)
  key.writeInt16BE(TYPES[type], 2)
  const value = Buffer.alloc(VALUE_BYTES)
  value.writeInt32BE(COORDINATOR_EPOCH, 2)
  const builder = new RecordBatchBuilder(128)
  builder.append(key, value, undefined, timestamp)
  const batch = builder.finish()
  batch.writeInt16BE(ATTRIBUTES.control, BATCH_HEADER.attributes)
  return stampBatch(batch, { producerId, producerEpoch, baseSequence: -1, transactional: true })
}

/** What the control batch says; undefined for a control record that ends no transaction. */
export function markerType(batch: Buffer): MarkerType | undefined {
  switch (batch.readInt16BE(KEY_AT + 2)) {
    case TYPES.abort:
      return 'abort'
    case TYPES.commit:
      return 'commit'
    default:
      return undefined
  }
}

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
  /** Of whoever decided; the tools of operators may name one. */
  readonly coordinatorEpoch?: number
}

/** What a marker says beyond its batch's header. */
export interface MarkerContent {
  readonly type: MarkerType
  readonly coordinatorEpoch: number
}

const TYPES = { abort: 0, commit: 1 } as const
const TYPE_NAMES: ReadonlyMap<number, MarkerType> = new Map([
  [TYPES.abort, 'abort'],
  [TYPES.commit, 'commit'],
])
/** A lone broker coordinates since for ever. */
export const COORDINATOR_EPOCH = 0
const KEY_BYTES = 4
const VALUE_BYTES = 6
/** Length, attributes, time and offset delta and key length of the only record take one byte each. */
const KEY_AT = HEADER_BYTES + 5
/** Behind the key, the length of the value (one byte) and its version. */
const EPOCH_AT = KEY_AT + KEY_BYTES + 1 + 2

export function markerBatch(marker: Marker, timestamp: number): Buffer {
  const { producerId, producerEpoch, type, coordinatorEpoch = COORDINATOR_EPOCH } = marker
  const key = Buffer.alloc(KEY_BYTES)
  key.writeInt16BE(TYPES[type], 2)
  const value = Buffer.alloc(VALUE_BYTES)
  value.writeInt32BE(coordinatorEpoch, 2)
  const builder = new RecordBatchBuilder(128)
  builder.append(key, value, undefined, timestamp)
  const batch = builder.finish()
  batch.writeInt16BE(ATTRIBUTES.control, BATCH_HEADER.attributes)
  return stampBatch(batch, { producerId, producerEpoch, baseSequence: -1, transactional: true })
}

/** What the control batch says; undefined for a control record that ends no transaction. */
export function readMarker(batch: Buffer): MarkerContent | undefined {
  const type = TYPE_NAMES.get(batch.readInt16BE(KEY_AT + 2))
  return type === undefined ? undefined : { type, coordinatorEpoch: batch.readInt32BE(EPOCH_AT) }
}

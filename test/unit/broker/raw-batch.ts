/** Record batches whose records nobody reads: for tests of the log, which looks at headers only. */
import { crc32c } from 'naru/protocol'

export interface RawBatchOptions {
  readonly count?: number
  readonly payloadBytes?: number
  readonly timestamp?: number
  readonly producerId?: number
  readonly producerEpoch?: number
  readonly baseSequence?: number
}

export function rawBatch(options: RawBatchOptions = {}): Buffer {
  const {
    count = 1,
    payloadBytes = 100,
    timestamp = 1_000,
    producerId = -1,
    producerEpoch = -1,
    baseSequence = -1,
  } = options
  const batch = Buffer.alloc(61 + payloadBytes, 'x')
  batch.writeBigInt64BE(0n, 0)
  batch.writeInt32BE(batch.length - 12, 8)
  batch.writeInt32BE(-1, 12)
  batch.writeInt8(2, 16)
  batch.writeInt16BE(0, 21)
  batch.writeInt32BE(count - 1, 23)
  batch.writeBigInt64BE(BigInt(timestamp), 27)
  batch.writeBigInt64BE(BigInt(timestamp), 35)
  batch.writeBigInt64BE(BigInt(producerId), 43)
  batch.writeInt16BE(producerEpoch, 51)
  batch.writeInt32BE(baseSequence, 53)
  batch.writeInt32BE(count, 57)
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17)
  return batch
}

import type { ByteWriter, SinkRecord } from 'naru/api'

/** Turns records into the bytes of an object: appends one record, with its separator. */
export interface RecordFormat {
  /** With its dot, without the compression's. */
  readonly extension: string
  /** Throws DataError and then leaves `out.length` as it found it. */
  write(record: SinkRecord, out: ByteWriter): void
}

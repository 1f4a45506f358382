import { DataError, plain } from 'naru/api'
import { whereOf } from '../partitioning/record-field.ts'
import type { RecordFormat } from './record-format.ts'

/** The bytes as they are, a separator after each record. */
export function byteArrayFormat(view: 'values' | 'keys', extension: string, separator: string): RecordFormat {
  const end = Buffer.from(separator)
  return {
    extension,
    write(record, out) {
      const bytes = plain(view === 'values' ? record.value : record.key)
      if (!(bytes instanceof Uint8Array))
        throw new DataError(
          `ByteArrayFormat takes bytes, and the ${view === 'values' ? 'value' : 'key'} of ${whereOf(record)} is none: ` +
            `set ${view === 'values' ? 'value' : 'key'}.converter=org.apache.kafka.connect.converters.ByteArrayConverter`,
        )
      out.bytes(bytes)
      out.bytes(end)
    },
  }
}

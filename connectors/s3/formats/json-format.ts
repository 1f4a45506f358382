import { isEncoded } from 'naru/api'
import type { ByteWriter, SinkRecord } from 'naru/api'
import type { ObjectView } from '../object-key.ts'
import { headerText } from './header-text.ts'
import { writeJsonValue } from './json-value.ts'
import type { DecimalFormat } from './json-value.ts'
import type { RecordFormat } from './record-format.ts'

const NEWLINE = 10

/** One JSON text per line. Values that are JSON already are copied, not parsed. */
export function jsonFormat(view: ObjectView, decimals: DecimalFormat): RecordFormat {
  return { extension: '.json', write: guarded(writerOf(view, decimals)) }
}

type Write = (record: SinkRecord, out: ByteWriter) => void

function writerOf(view: ObjectView, decimals: DecimalFormat): Write {
  switch (view) {
    case 'values':
      return ({ value, valueSchema }, out) => {
        if (isEncoded(value)) value.writeJson(out)
        else writeJsonValue(out, value, valueSchema, decimals)
      }
    case 'keys':
      return ({ key, keySchema }, out) => {
        if (isEncoded(key)) key.writeJson(out)
        else writeJsonValue(out, key, keySchema, decimals)
      }
    case 'headers':
      return ({ headers }, out) => {
        const rows = headers.map((header) => ({ key: header.key, value: headerText(header) }))
        out.utf8(JSON.stringify({ headers: rows }))
      }
  }
}

/** A line is written whole or not at all. */
function guarded(write: Write): Write {
  return (record, out) => {
    const start = out.length
    try {
      write(record, out)
      out.byte(NEWLINE)
    } catch (error) {
      out.length = start
      throw error
    }
  }
}

import type { Schema } from 'naru/api'
import { schema } from 'naru/api'

/** Schemas that do not depend on a table (Debezium 3.6). */

const optionalLong = schema.int64({ optional: true })
const optionalString = schema.string({ optional: true })

const snapshotMarker = schema.string({
  optional: true,
  name: 'io.debezium.data.Enum',
  version: 1,
  parameters: { allowed: 'true,first,first_in_data_collection,last_in_data_collection,last,false,incremental' },
  default: 'false',
})

export const sourceSchema: Schema = schema.struct(
  [
    ['version', schema.string()],
    ['connector', schema.string()],
    ['name', schema.string()],
    ['ts_ms', schema.int64()],
    ['snapshot', snapshotMarker],
    ['db', schema.string()],
    ['sequence', optionalString],
    ['ts_us', optionalLong],
    ['ts_ns', optionalLong],
    ['schema', schema.string()],
    ['table', schema.string()],
    ['txId', optionalLong],
    ['lsn', optionalLong],
    ['xmin', optionalLong],
    ['origin', optionalString],
    ['origin_lsn', optionalLong],
  ] as const,
  { name: 'io.debezium.connector.postgresql.Source', version: 1 },
)

export const TRANSACTION_BLOCK: Schema = schema.struct(
  [
    ['id', schema.string()],
    ['total_order', schema.int64()],
    ['data_collection_order', schema.int64()],
  ] as const,
  { name: 'event.block', version: 1, optional: true },
)

export const heartbeatKey: Schema = schema.struct([['serverName', schema.string()] as const], {
  name: 'io.debezium.connector.common.ServerNameKey',
  version: 1,
})
export const heartbeatValue: Schema = schema.struct([['ts_ms', schema.int64()] as const], {
  name: 'io.debezium.connector.common.Heartbeat',
  version: 1,
})

export const messageKey: Schema = schema.struct([['prefix', optionalString] as const], {
  name: 'io.debezium.connector.postgresql.MessageKey',
  version: 1,
})
/** `content` is bytes, or a string under binary.handling.mode. */
export function messageValue(content: Schema): Schema {
  return schema.struct(
    [
      ['op', schema.string()],
      ['ts_ms', optionalLong],
      ['source', sourceSchema],
      ['transaction', TRANSACTION_BLOCK],
      [
        'message',
        schema.struct([['prefix', optionalString] as const, ['content', content] as const], {
          name: 'io.debezium.connector.postgresql.Message',
          version: 1,
        }),
      ],
    ] as const,
    { name: 'io.debezium.connector.postgresql.MessageValue', version: 1 },
  )
}

export const transactionKey: Schema = schema.struct([['id', schema.string()] as const], {
  name: 'io.debezium.connector.common.TransactionMetadataKey',
  version: 1,
})
export const transactionValue: Schema = schema.struct(
  [
    ['status', schema.string()],
    ['id', schema.string()],
    ['event_count', optionalLong],
    [
      'data_collections',
      schema.array(
        schema.struct([['data_collection', schema.string()] as const, ['event_count', schema.int64()] as const], {
          optional: true,
          name: 'event.collection',
          version: 1,
        }),
        { optional: true },
      ),
    ],
    ['ts_ms', schema.int64()],
  ] as const,
  { name: 'io.debezium.connector.common.TransactionMetadataValue', version: 1 },
)

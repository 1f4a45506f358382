import { randomBytes } from 'node:crypto'
import type { Header, SourceOffset, SourcePartition } from 'naru/api'
import { NO_HEADERS, schema } from 'naru/api'
import type { EventClock } from './event-clock.ts'
import {
  heartbeatKey,
  heartbeatValue,
  messageKey,
  messageValue,
  transactionKey,
  transactionValue,
} from './event-schemas.ts'
import type { Op } from './change-event.ts'
import { EventRecord, RowEvent, RowKey } from './change-event.ts'
import type { PostgresSourceConfig } from './postgres-source-config.ts'
import type { Lsn } from './postgres/lsn.ts'
import type { LogicalMessage } from './postgres/pgoutput-messages.ts'
import { NO_TUPLE } from './postgres/pgoutput-decoder.ts'
import type { SourceInfo } from './source-info.ts'
import type { TableSchema } from './table-schema.ts'
import type { TopicNaming } from './topic-naming.ts'
import type { TransactionBlock } from './transaction-metadata.ts'
import { binaryEncoder } from './types/scalars.ts'

/** What is common to the events of one message. */
export interface EventOrigin {
  readonly info: SourceInfo
  readonly lsn: Lsn
  readonly clock: EventClock
  readonly offset: SourceOffset
  readonly transaction: TransactionBlock | undefined
  /** Size on the wire. */
  readonly bytes: number
}

/** Makes the records; knows topics, headers and the source partition. */
export class EventFactory {
  readonly partition: SourcePartition
  readonly #config: PostgresSourceConfig
  readonly #naming: TopicNaming
  readonly #headers: readonly Header[]
  readonly #messageSchema: ReturnType<typeof messageValue>

  constructor(options: { config: PostgresSourceConfig; naming: TopicNaming; taskId: number }) {
    const { config, naming, taskId } = options
    this.#config = config
    this.#naming = naming
    this.partition = Object.freeze({ server: config.prefix })
    const text = (key: string, value: string): Header => ({ key, schema: schema.string(), value })
    this.#headers = config.contextHeaders
      ? Object.freeze([
          text('__debezium.context.connectorLogicalName', config.prefix),
          text('__debezium.context.taskId', String(taskId)),
          text('__debezium.context.connectorName', 'postgresql'),
          text('__debezium.context.runId', uuidV7()),
        ])
      : NO_HEADERS
    const mode = config.types.binaryMode
    this.#messageSchema = messageValue(
      mode === 'bytes' ? schema.bytes({ optional: true }) : schema.string({ optional: true }),
    )
  }

  /** One row event, with its key from tuple `keyTuple`. */
  row(
    table: TableSchema,
    op: Op,
    source: Buffer,
    before: number,
    after: number,
    old: number,
    at: EventOrigin,
    continues = false,
    headers = this.#headers,
  ): EventRecord {
    const keyTuple = after === NO_TUPLE ? before : after
    const key = table.key === undefined || keyTuple === NO_TUPLE ? null : new RowKey(table, source, keyTuple)
    const value = new RowEvent(table, op, source, before, after, old, at.info, at.lsn, at.clock, at.transaction)
    return this.#record(table, key, table.valueSchema, value, headers, at, continues)
  }

  tombstone(
    table: TableSchema,
    source: Buffer,
    tuple: number,
    at: EventOrigin,
    continues = false,
    headers = this.#headers,
  ): EventRecord {
    return this.#record(table, new RowKey(table, source, tuple), undefined, null, headers, at, continues)
  }

  truncate(table: TableSchema, source: Buffer, at: EventOrigin): EventRecord {
    const value = new RowEvent(
      table,
      't',
      source,
      NO_TUPLE,
      NO_TUPLE,
      NO_TUPLE,
      at.info,
      at.lsn,
      at.clock,
      at.transaction,
    )
    return this.#record(table, null, table.valueSchema, value, this.#headers, at, false)
  }

  /** `__debezium.newkey` of the delete, `__debezium.oldkey` of the create that a key change is split into. */
  keyChangeHeaders(name: 'newkey' | 'oldkey', table: TableSchema, source: Buffer, tuple: number): readonly Header[] {
    const header: Header = {
      key: `__debezium.${name}`,
      schema: table.keySchema,
      value: new RowKey(table, source, tuple).decode(),
    }
    return [header, ...this.#headers]
  }

  message(message: LogicalMessage, at: EventOrigin): EventRecord {
    const mode = this.#config.types.binaryMode
    const content = mode === 'bytes' ? message.content : binaryEncoder(mode)(message.content)
    const value = {
      op: 'm',
      ts_ms: BigInt(at.clock.millis),
      source: at.info.decode(at.lsn),
      transaction: at.transaction?.decode() ?? null,
      message: { prefix: message.prefix, content },
    }
    return this.#plainRecord(
      this.#naming.message,
      undefined,
      [messageKey, { prefix: message.prefix }],
      [this.#messageSchema, value],
      at.offset,
    )
  }

  heartbeat(millis: number, offset: SourceOffset): EventRecord {
    return this.#plainRecord(
      this.#naming.heartbeat,
      0,
      [heartbeatKey, { serverName: this.#config.prefix }],
      [heartbeatValue, { ts_ms: BigInt(millis) }],
      offset,
    )
  }

  transaction(value: Record<string, unknown>, offset: SourceOffset): EventRecord {
    return this.#plainRecord(
      this.#naming.transaction,
      undefined,
      [transactionKey, { id: value['id'] }],
      [transactionValue, value],
      offset,
    )
  }

  #record(
    table: TableSchema,
    key: RowKey | null,
    valueSchema: TableSchema['valueSchema'] | undefined,
    value: RowEvent | null,
    headers: readonly Header[],
    at: EventOrigin,
    continues: boolean,
  ): EventRecord {
    return new EventRecord(
      table.topic,
      undefined,
      key === null ? undefined : table.keySchema,
      key,
      valueSchema,
      value,
      headers,
      this.partition,
      at.offset,
      continues,
      at.bytes,
    )
  }

  #plainRecord(
    topic: string,
    partition: number | undefined,
    key: readonly [EventRecord['keySchema'], unknown],
    value: readonly [EventRecord['valueSchema'], unknown],
    offset: SourceOffset,
  ): EventRecord {
    return new EventRecord(
      topic,
      partition,
      key[0],
      key[1],
      value[0],
      value[1],
      NO_HEADERS,
      this.partition,
      offset,
      false,
      256,
    )
  }
}

/** Time-ordered UUID (RFC 9562). */
function uuidV7(): string {
  const bytes = randomBytes(16)
  bytes.writeUIntBE(Date.now(), 0, 6)
  bytes[6] = (bytes[6]! & 0x0f) | 0x70
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

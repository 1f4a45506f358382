import type { ByteWriter } from 'naru/api'
import { jsonString } from './types/json-text.ts'

/** `provide.transaction.metadata`: the `transaction` block of one event. */
export class TransactionBlock {
  readonly id: string
  readonly totalOrder: number
  readonly collectionOrder: number

  constructor(id: string, totalOrder: number, collectionOrder: number) {
    this.id = id
    this.totalOrder = totalOrder
    this.collectionOrder = collectionOrder
  }

  decode(): Record<string, unknown> {
    return {
      id: this.id,
      total_order: BigInt(this.totalOrder),
      data_collection_order: BigInt(this.collectionOrder),
    }
  }

  writeJson(out: ByteWriter): void {
    out.utf8(
      `{"id":${jsonString(this.id)},"total_order":${this.totalOrder},"data_collection_order":${this.collectionOrder}}`,
    )
  }
}

/** Counts of the open transaction: per table, and in all. */
export class TransactionCounts {
  readonly #perTable = new Map<string, number>()
  #total = 0

  /** The block of the next event. Debezium's id ends in the LSN of the message and so differs from event to event. */
  next(xid: number, lsn: number, table: string): TransactionBlock {
    const order = (this.#perTable.get(table) ?? 0) + 1
    this.#perTable.set(table, order)
    return new TransactionBlock(`${xid}:${lsn}`, ++this.#total, order)
  }

  /** Debezium restores its counts from these; here they are counted again from BEGIN. */
  offsetFields(): Record<string, number> {
    return Object.fromEntries([...this.#perTable].map(([name, n]) => [`transaction_data_collection_order_${name}`, n]))
  }

  begin(xid: number, lsn: number, tsUsec: number): Record<string, unknown> {
    this.#perTable.clear()
    this.#total = 0
    return { status: 'BEGIN', id: `${xid}:${lsn}`, event_count: null, data_collections: null, ts_ms: millis(tsUsec) }
  }

  end(xid: number, lsn: number, tsUsec: number): Record<string, unknown> {
    return {
      status: 'END',
      id: `${xid}:${lsn}`,
      event_count: BigInt(this.#total),
      data_collections: [...this.#perTable].map(([name, count]) => ({
        data_collection: name,
        event_count: BigInt(count),
      })),
      ts_ms: millis(tsUsec),
    }
  }
}

function millis(tsUsec: number): bigint {
  return BigInt(Math.floor(tsUsec / 1000))
}

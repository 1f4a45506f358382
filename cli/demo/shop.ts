import pg from 'pg'
import { setTimeout as delay } from 'node:timers/promises'
import { SHOP_SCHEMA } from './shop-schema.ts'

/** Mean pause between two transactions of the writer. */
const PAUSE_MS = 200
const RECONNECT_MS = 1_000

const ORDER = `
  WITH chosen AS (SELECT id, price, 1 + floor(random() * 3)::int AS quantity FROM products ORDER BY random() LIMIT $1),
       placed AS (INSERT INTO orders (customer_id, total)
                    SELECT (SELECT id FROM customers ORDER BY random() LIMIT 1), sum(price * quantity) FROM chosen RETURNING id)
  INSERT INTO order_items
    SELECT placed.id, row_number() OVER (), chosen.id, chosen.quantity, chosen.price FROM placed, chosen`

const ADVANCE = `
  UPDATE orders SET
    status = CASE status WHEN 'new' THEN 'paid' WHEN 'paid' THEN 'packed' ELSE 'shipped' END::order_status,
    shipped_at = CASE status WHEN 'packed' THEN now() END
  WHERE id = (SELECT id FROM orders WHERE status IN ('new', 'paid', 'packed') ORDER BY id LIMIT 1 OFFSET floor(random() * 5))`

const REPRICE = `
  UPDATE products SET price = round(price * (0.95 + random()::numeric * 0.1), 2), changed_at = localtimestamp
  WHERE id = (SELECT id FROM products ORDER BY random() LIMIT 1)`

const REGISTER = `
  INSERT INTO customers (email, name, address, tags, credit)
    SELECT 'customer' || n || '@example.com', 'Customer ' || n, jsonb_build_object('city', 'Lisbon'), ARRAY['new'], 10
    FROM (SELECT max(id) + 1 AS n FROM customers) next`

const DELETE = `DELETE FROM orders WHERE id = (SELECT id FROM orders WHERE status = 'cancelled' ORDER BY id LIMIT 1)`

const CANCEL = `UPDATE orders SET status = 'cancelled', note = 'changed my mind'
  WHERE id = (SELECT id FROM orders WHERE status = 'new' ORDER BY id DESC LIMIT 1)`

/** A shop whose customers order, pay and change their minds, gently, for ever. */
export class Shop implements AsyncDisposable {
  readonly #url: string
  readonly #stop = new AbortController()
  readonly #onProblem: (error: unknown) => void
  #writing: Promise<void> = Promise.resolve()
  /** Transactions committed by this process. */
  changes = 0

  /** Makes the tables on first use. */
  static async open(options: { url: string; onProblem: (error: unknown) => void }): Promise<Shop> {
    const client = new pg.Client({ connectionString: options.url })
    await client.connect()
    try {
      const { rows } = await client.query<{ there: boolean }>(
        `SELECT to_regclass('public.orders') IS NOT NULL AS there`,
      )
      // Several statements in one query are one transaction: all of the shop or nothing.
      if (rows[0]?.there !== true) await client.query(SHOP_SCHEMA)
    } finally {
      await client.end()
    }
    return new Shop(options)
  }

  private constructor(options: { url: string; onProblem: (error: unknown) => void }) {
    this.#url = options.url
    this.#onProblem = options.onProblem
  }

  startWriting(): void {
    this.#writing = this.#write(this.#stop.signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#writing
  }

  async #write(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#session(signal)
      } catch (error) {
        if (!signal.aborted) this.#onProblem(error)
        await pause(RECONNECT_MS, signal)
      }
    }
  }

  async #session(signal: AbortSignal): Promise<void> {
    const client = new pg.Client({ connectionString: this.#url, application_name: 'naru demo shop' })
    const lost = new Promise<never>((_, reject) => client.once('error', reject))
    lost.catch(() => undefined) // a query in flight fails by itself
    await client.connect()
    try {
      while (!signal.aborted) {
        await Promise.race([lost, change(client)])
        this.changes++
        await Promise.race([lost, pause(PAUSE_MS * (0.5 + Math.random()), signal)])
      }
    } finally {
      await client.end()
    }
  }
}

async function change(client: pg.Client): Promise<void> {
  const dice = Math.random()
  if (dice < 0.5) await client.query(ORDER, [1 + Math.floor(Math.random() * 4)])
  else if (dice < 0.85) await client.query(ADVANCE)
  else if (dice < 0.92) await client.query(REPRICE)
  else if (dice < 0.95) await client.query(REGISTER)
  else if (dice < 0.98) await client.query(CANCEL)
  else await client.query(DELETE)
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  // cut short by the stop, which the loop sees
  await delay(ms, undefined, { signal }).catch(() => undefined)
}

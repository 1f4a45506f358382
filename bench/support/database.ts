import pg from 'pg'
import type { Lab } from '../../test/cluster/support/lab.ts'

/** The database of a bench: tables, rows and slots. */
export class BenchDatabase implements AsyncDisposable {
  readonly #client: pg.Client

  constructor(client: pg.Client) {
    this.#client = client
  }

  /** About 500 bytes a row, with the types of a shopping cart. */
  async createCart(rows: number): Promise<void> {
    await this.#client.query(
      'CREATE TABLE cart (id bigint PRIMARY KEY, customer uuid, price numeric(10,2), paid boolean, created timestamptz, items jsonb, note text)',
    )
    await this.#client.query(
      `INSERT INTO cart SELECT i, md5(i::text)::uuid, (i % 100000) / 100.0, i % 2 = 0, now(),
         jsonb_build_object('sku', 'sku-' || i % 1000, 'quantity', i % 7, 'gift', i % 11 = 0), repeat(md5(i::text), 11)
       FROM generate_series(1, ${rows}) i`,
    )
    await this.#client.query('VACUUM ANALYZE cart')
    await this.#client.query('CHECKPOINT')
  }

  async createOrders(table: string): Promise<void> {
    await this.#client.query(
      `CREATE TABLE ${table} (id bigint PRIMARY KEY, customer int, status text, total numeric(10,2), created timestamptz, note text)`,
    )
  }

  /** About 220 bytes a row, in transactions of `tx` rows. */
  async insertOrders(table: string, rows: number, tx: number): Promise<void> {
    await this.#client.query(`CREATE PROCEDURE fill_${table}() LANGUAGE plpgsql AS $$
      BEGIN
        FOR i IN 0..${Math.ceil(rows / tx) - 1} LOOP
          INSERT INTO ${table}
            SELECT j, j % 5000, 'new', (j % 10000) / 100.0, now(), repeat('x', 120)
            FROM generate_series(i * ${tx} + 1, least((i + 1) * ${tx}, ${rows})) j;
          COMMIT;
        END LOOP;
      END $$`)
    await this.#client.query('SET synchronous_commit = off')
    await this.#client.query(`CALL fill_${table}()`)
    await this.#client.query('SET synchronous_commit = on')
    await this.#client.query('CHECKPOINT')
  }

  async createTicks(table: string): Promise<void> {
    await this.#client.query(`CREATE TABLE ${table} (id bigint PRIMARY KEY, sent float8, body text)`)
  }

  async insertTicks(table: string, first: number, count: number): Promise<void> {
    const now = performance.timeOrigin + performance.now()
    await this.#client.query(
      `INSERT INTO ${table} SELECT i, $1, repeat('x', 100) FROM generate_series($2::bigint, $3::bigint) i`,
      [now, first, first + count - 1],
    )
  }

  async slotActive(name: string): Promise<boolean> {
    const { rows } = await this.#client.query<{ active: boolean }>(
      'SELECT active FROM pg_replication_slots WHERE slot_name = $1',
      [name.replaceAll('-', '_')],
    )
    return rows[0]?.active ?? false
  }

  /** A deleted connector leaves its slot, as it must; a bench does not want it to hold back the log. */
  async dropSlot(name: string): Promise<void> {
    const slot = name.replaceAll('-', '_')
    while (await this.slotActive(name)) await new Promise((resolve) => setTimeout(resolve, 50))
    await this.#client.query(
      'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1',
      [slot],
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.end()
  }
}

export async function connectTo(lab: Lab): Promise<BenchDatabase> {
  const client = new pg.Client({ connectionString: lab.postgres.url })
  await client.connect()
  return new BenchDatabase(client)
}

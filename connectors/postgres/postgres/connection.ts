import { readFileSync } from 'node:fs'
import type pg from 'pg'
import type { ClientConfig } from 'pg'
import { CONNECTION_LOST, PostgresError, TlsFileError, errorStateOf } from './postgres-error.ts'

export type SslMode = 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full'

export interface ConnectionOptions {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string | undefined
  readonly database: string
  readonly sslMode: SslMode
  readonly sslRootCert?: string | undefined
  readonly sslCert?: string | undefined
  readonly sslKey?: string | undefined
  readonly sslPassword?: string | undefined
  readonly keepAlive: boolean
  /** Milliseconds to get a connection; 0: the operating system's limit. */
  readonly connectTimeoutMs: number
  /** Milliseconds for one statement of an ordinary connection; 0: none. */
  readonly queryTimeoutMs: number
  /** SQL run when an ordinary connection opens. */
  readonly initialStatements?: string | undefined
}

/**
 * Both the tuples of pgoutput and COPY's text come out of the types' output functions under the session's settings: these make
 * the texts the same on every server. TimeZone UTC lets a timestamptz be copied; extra_float_digits gives the shortest exact
 * float; lc_monetary gives `$1,234.56`.
 */
const SESSION_SETTINGS =
  '-c client_encoding=UTF8 -c TimeZone=UTC -c DateStyle=ISO -c IntervalStyle=postgres -c extra_float_digits=3 ' +
  '-c bytea_output=hex -c lc_monetary=C -c xmloption=content'

/** Every value as the server's text. */
const TEXT_TYPES = { getTypeParser: () => (value: string | Buffer) => value.toString() }

export interface OpenOptions {
  readonly applicationName: string
  readonly replication?: boolean
}

/** An open connection. Its `error` events are swallowed: the next query, or whoever took the stream, meets the failure. */
export async function connect(options: ConnectionOptions, open: OpenOptions): Promise<pg.Client> {
  const client = await connectWithSslMode(options, open)
  if (open.replication !== true) {
    if (options.queryTimeoutMs > 0) await client.query(`SET statement_timeout = ${options.queryTimeoutMs}`)
    for (const statement of splitStatements(options.initialStatements ?? '')) await client.query(statement)
  }
  return client
}

async function connectWithSslMode(options: ConnectionOptions, open: OpenOptions): Promise<pg.Client> {
  switch (options.sslMode) {
    case 'disable':
      return attempt(options, open, false)
    case 'allow':
    case 'prefer':
      try {
        return await attempt(options, open, true)
      } catch (error) {
        // A server without TLS answers "N", which pg reports without any code. Everything with a code is a real failure.
        if (errorStateOf(error) !== CONNECTION_LOST) throw error
        return attempt(options, open, false)
      }
    case 'require':
    case 'verify-ca':
    case 'verify-full':
      return attempt(options, open, true)
  }
}

async function attempt(options: ConnectionOptions, open: OpenOptions, tls: boolean): Promise<pg.Client> {
  const config: ClientConfig & { replication?: string } = {
    host: options.host,
    port: options.port,
    user: options.user,
    password: options.password ?? '',
    database: options.database,
    application_name: open.applicationName,
    keepAlive: options.keepAlive,
    options: SESSION_SETTINGS,
    ssl: tls ? tlsOptions(options) : false,
    types: TEXT_TYPES as never,
    ...(options.connectTimeoutMs > 0 ? { connectionTimeoutMillis: options.connectTimeoutMs } : {}),
    ...(open.replication === true ? { replication: 'database' } : {}),
  }
  // Loaded by those who connect: a worker knows this connector's settings long before, if ever, it opens a connection.
  const { default: library } = await import('pg')
  const client = new library.Client(config)
  client.on('error', ignoreUntilNextUse)
  try {
    await client.connect()
  } catch (error) {
    await client.end().catch(ignoreUntilNextUse)
    throw errorStateOf(error) === ''
      ? new PostgresError((error as Error).message, CONNECTION_LOST, { cause: error })
      : error
  }
  return client
}

function ignoreUntilNextUse(): void {}

function tlsOptions(options: ConnectionOptions): NonNullable<ClientConfig['ssl']> {
  const verify = options.sslMode === 'verify-ca' || options.sslMode === 'verify-full'
  return {
    rejectUnauthorized: verify,
    ...(options.sslRootCert === undefined ? {} : { ca: tlsFile('sslRootCert', options.sslRootCert) }),
    ...(options.sslCert === undefined ? {} : { cert: tlsFile('sslCert', options.sslCert) }),
    ...(options.sslKey === undefined ? {} : { key: tlsFile('sslKey', options.sslKey) }),
    ...(options.sslPassword === undefined ? {} : { passphrase: options.sslPassword }),
    ...(options.sslMode === 'verify-ca' ? { checkServerIdentity: () => undefined } : {}),
  }
}

function tlsFile(option: TlsFileError['option'], path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new TlsFileError(option, path, error)
  }
}

/** `;` separates statements, `;;` is a literal semicolon. */
export function splitStatements(text: string): readonly string[] {
  return text
    .split(/(?<!;);(?!;)/)
    .map((statement) => statement.replaceAll(';;', ';').trim())
    .filter((statement) => statement !== '')
}

/** Ends the connection; one that is gone already is fine. */
export async function closeQuietly(client: pg.Client | undefined): Promise<void> {
  await client?.end().catch(ignoreUntilNextUse)
}

/** `schema`, `table` … as SQL identifier. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

export function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** Rows of a query, every column as text or null. */
export async function rows(
  client: pg.Client,
  sql: string,
  params: readonly unknown[] = [],
): Promise<readonly Readonly<Record<string, string | null>>[]> {
  // Walsenders know the simple protocol only.
  const result = params.length === 0 ? await client.query(sql) : await client.query(sql, [...params])
  return result.rows as Readonly<Record<string, string | null>>[]
}

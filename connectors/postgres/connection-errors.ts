import { ConfigError, ConnectError, isConnectError } from 'naru/api'
import type { PostgresSourceConfig } from './postgres-source-config.ts'
import { TlsFileError, errorStateOf } from './postgres/postgres-error.ts'
import { quoteIdentifier } from './postgres/connection.ts'

const TLS_FILE_KEYS = {
  sslRootCert: 'database.sslrootcert',
  sslCert: 'database.sslcert',
  sslKey: 'database.sslkey',
} as const

/**
 * What a failed connection or statement means for the configuration: names the key and says what to run. The same texts at
 * validation and at run time.
 */
export function explained(error: unknown, config: PostgresSourceConfig): ConnectError {
  if (isConnectError(error)) return error
  const { host, port, user, database } = config.connection
  const cause = error
  const message = error instanceof Error ? error.message : String(error)
  const at = `${host}:${port}`
  const of = (key: string, text: string) => new ConfigError(key, text, { cause })
  if (error instanceof TlsFileError)
    return of(TLS_FILE_KEYS[error.option], `${message}. Name a PEM file that the worker may read`)
  switch (errorStateOf(error)) {
    case '28P01':
      return of(
        'database.password',
        `${at} refused the password of user "${user}". Set database.password, or run as superuser: ALTER ROLE ${quoteIdentifier(user)} PASSWORD '…';`,
      )
    case '28000':
      return of(
        'database.user',
        `${at} does not let user "${user}" in: ${message}. Create it with CREATE ROLE ${quoteIdentifier(user)} LOGIN REPLICATION PASSWORD '…'; or allow it in pg_hba.conf: host ${database} ${user} <client address>/32 scram-sha-256, then SELECT pg_reload_conf();`,
      )
    case '3D000':
      return of(
        'database.dbname',
        `database "${database}" does not exist at ${at}. Set database.dbname, or run: CREATE DATABASE ${quoteIdentifier(database)};`,
      )
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return of(
        'database.hostname',
        `host "${host}" cannot be found. Check database.hostname and the name service of this machine`,
      )
    case 'ECONNREFUSED':
      return of(
        'database.hostname',
        `nothing listens at ${at}. Check database.hostname and database.port, and listen_addresses in postgresql.conf`,
      )
    case '42501':
      return of(
        'database.user',
        `user "${user}" lacks a right: ${message}. For replication run as superuser: ALTER ROLE ${quoteIdentifier(user)} REPLICATION;`,
      )
    case '42704':
      return of(
        'publication.name',
        `${message}. If the publication was created after the slot, the slot cannot see it: run SELECT pg_drop_replication_slot('${config.slot.name}'); and take a new snapshot`,
      )
    case '53300':
      return of(
        'database.hostname',
        `${at} has no connection left: ${message}. Raise max_connections and max_wal_senders`,
      )
    case '53400':
      return of(
        'slot.name',
        `${at} has no replication slot left: ${message}. Raise max_replication_slots, or drop one that nobody uses: SELECT slot_name FROM pg_replication_slots WHERE NOT active;`,
      )
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return of(
        'database.sslrootcert',
        `the certificate of ${at} is not signed by a known authority (${message}). Set database.sslrootcert to the PEM file of its authority`,
      )
    case 'CERT_HAS_EXPIRED':
      return of('database.sslrootcert', `the certificate of ${at} has expired: renew it on the server`)
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return of(
        'database.sslmode',
        `the certificate of ${at} is for another host (${message}). Set database.hostname to a name in the certificate, or database.sslmode=verify-ca`,
      )
    default:
      return new ConnectError(`PostgreSQL at ${at}, database "${database}": ${message}`, { cause })
  }
}

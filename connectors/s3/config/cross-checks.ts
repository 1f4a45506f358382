import { ConfigError } from 'naru/api'
import { compileJodaPattern } from '../partitioning/joda-pattern.ts'
import { TimeZone } from '../partitioning/time-zone.ts'
import { extractorName, formatName, partitionerName } from './class-names.ts'
import type { RawConfig } from './config-keys.ts'

/** Everything that one key alone cannot tell: every message names its key, the value and what to do. */
export function crossCheck(raw: RawConfig): readonly ConfigError[] {
  const errors: ConfigError[] = []
  const attempt = (check: () => unknown): void => {
    try {
      check()
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      errors.push(error)
    }
  }
  attempt(() => formatName('format.class', raw['format.class']))
  attempt(() => checkKeysFormat(raw))
  attempt(() => checkHeadersFormat(raw))
  attempt(() => checkTimes(raw))
  attempt(() => checkNullValues(raw))
  attempt(() => checkFields(raw))
  attempt(() => checkCredentials(raw))
  attempt(() => checkUrl(raw))
  for (const check of UNAVAILABLE) attempt(() => check(raw))
  return errors
}

export function timeZone(raw: RawConfig): TimeZone {
  const id = raw.timezone
  if (id === '')
    throw ConfigError.invalid(
      'timezone',
      id,
      'it must be set for time-based partitioners and rotate.schedule.interval.ms, e.g. UTC or Europe/Berlin',
    )
  try {
    return new TimeZone(id)
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new ConfigError(
      'timezone',
      `Invalid value ${id} for configuration timezone: ${cause.message}; use UTC, a name like Europe/Berlin or an offset like +05:30`,
      { cause },
    )
  }
}

function checkKeysFormat(raw: RawConfig): void {
  if (raw['store.kafka.keys']) formatName('keys.format.class', raw['keys.format.class'])
}

function checkHeadersFormat(raw: RawConfig): void {
  if (!raw['store.kafka.headers']) return
  if (formatName('headers.format.class', raw['headers.format.class']) !== 'json')
    throw ConfigError.invalid(
      'headers.format.class',
      raw['headers.format.class'],
      'headers need io.confluent.connect.s3.format.json.JsonFormat',
    )
}

function checkTimes(raw: RawConfig): void {
  if (raw['rotate.schedule.interval.ms'] > 0) timeZone(raw)
  const name = partitionerName('partitioner.class', raw['partitioner.class'])
  if (name !== 'TimeBased' && name !== 'Hourly' && name !== 'Daily') return
  const zone = timeZone(raw)
  extractorName('timestamp.extractor', raw['timestamp.extractor'])
  if (raw.locale.trim() === '')
    throw ConfigError.invalid('locale', raw.locale, 'it must be set for time-based partitioners, e.g. en')
  if (name !== 'TimeBased') return
  const duration = raw['partition.duration.ms']
  if (duration <= 0)
    throw ConfigError.invalid(
      'partition.duration.ms',
      duration,
      'TimeBasedPartitioner needs the length of a partition in milliseconds, e.g. 3600000',
    )
  const pattern = raw['path.format']
  if (pattern.trim() === '' || pattern === raw['directory.delim'])
    throw ConfigError.invalid(
      'path.format',
      pattern,
      "TimeBasedPartitioner needs a pattern, e.g. 'year'=YYYY/'month'=MM/'day'=dd",
    )
  try {
    compileJodaPattern(pattern, zone, raw.locale)
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new ConfigError(
      'path.format',
      `Invalid value ${pattern} for configuration path.format: ${cause.message}; literal letters need single quotes: 'year'=YYYY`,
      { cause },
    )
  }
}

function checkNullValues(raw: RawConfig): void {
  if (raw['behavior.on.null.values'].toLowerCase() === 'write' && !raw['store.kafka.keys'])
    throw ConfigError.invalid(
      'behavior.on.null.values',
      raw['behavior.on.null.values'],
      'null values are written as their keys: set store.kafka.keys=true too',
    )
}

function checkFields(raw: RawConfig): void {
  if (partitionerName('partitioner.class', raw['partitioner.class']) !== 'Field') return
  const fields = raw['partition.field.name']
  if (fields.length === 0 || fields.some((field) => field.split('.').some((part) => part.trim() === '')))
    throw ConfigError.invalid(
      'partition.field.name',
      fields.join(','),
      'FieldPartitioner needs the names of fields, e.g. country,user.tier',
    )
}

function checkCredentials(raw: RawConfig): void {
  const id = raw['aws.access.key.id'] !== ''
  const secret = (raw['aws.secret.access.key'] ?? '') !== ''
  if (id !== secret)
    throw new ConfigError(
      id ? 'aws.secret.access.key' : 'aws.access.key.id',
      'aws.access.key.id and aws.secret.access.key must be set together, or neither to use the default credentials of the machine',
    )
}

function checkUrl(raw: RawConfig): void {
  const url = raw['store.url']
  if (url !== null && url !== '' && !URL.canParse(endpointUrl(url)))
    throw ConfigError.invalid('store.url', url, 'it is not a URL; an example: http://localhost:9000')
}

/** Confluent takes `s3.example.com` for https. */
export function endpointUrl(url: string): string {
  return /^\w+:\/\//.test(url) ? url : `https://${url}`
}

function unavailable(
  key: keyof RawConfig & string,
  isAsked: (raw: RawConfig) => boolean,
  remedy: string,
): (raw: RawConfig) => void {
  return (raw) => {
    const value = key === 's3.sse.customer.key' ? '[hidden]' : raw[key]
    if (isAsked(raw)) throw ConfigError.invalid(key, value, `not available yet; ${remedy}`)
  }
}

const UNAVAILABLE = [
  unavailable(
    'schema.compatibility',
    (raw) => ['BACKWARD', 'FORWARD', 'FULL'].includes(raw['schema.compatibility']),
    'use NONE: a record of another schema begins a new object',
  ),
  unavailable(
    's3.sse.customer.key',
    (raw) => raw['s3.sse.customer.key'] !== null,
    'use s3.ssea.name=AES256 or aws:kms without it',
  ),
  unavailable('s3.proxy.url', (raw) => raw['s3.proxy.url'] !== '', 'leave it out and give the worker a route to S3'),
  unavailable('s3.object.tagging', (raw) => raw['s3.object.tagging'], 'use false'),
  unavailable('s3.schema.partition.affix.type', (raw) => raw['s3.schema.partition.affix.type'] !== 'NONE', 'use NONE'),
  unavailable(
    's3.credentials.provider.class',
    (raw) =>
      !/(^com\.amazonaws\.auth\.DefaultAWSCredentialsProviderChain|^software\.amazon\.awssdk\.auth\.credentials\.DefaultCredentialsProvider)$/.test(
        raw['s3.credentials.provider.class'],
      ),
    'leave it out: the default chain knows environment, profiles, web identity and instance roles',
  ),
  (raw: RawConfig): void => {
    if (raw['s3.wan.mode'] && raw['s3.path.style.access.enabled'])
      throw ConfigError.invalid(
        's3.wan.mode',
        true,
        'transfer acceleration has no path style: set s3.path.style.access.enabled=false',
      )
  },
]

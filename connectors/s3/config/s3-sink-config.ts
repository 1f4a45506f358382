import type { Props } from 'naru/api'
import { byteArrayFormat } from '../formats/byte-array-format.ts'
import { jsonFormat } from '../formats/json-format.ts'
import type { RecordFormat } from '../formats/record-format.ts'
import type { ObjectView } from '../object-key.ts'
import { compileJodaPattern } from '../partitioning/joda-pattern.ts'
import { DefaultPartitioner, FieldPartitioner, TimeBasedPartitioner } from '../partitioning/partitioners.ts'
import type { Partitioner } from '../partitioning/partitioners.ts'
import { fieldTimestamp, recordTimestamp, wallclock } from '../partitioning/timestamp-extractors.ts'
import type { TimestampExtractor } from '../partitioning/timestamp-extractors.ts'
import type { RetryOptions } from '../store/retrying.ts'
import type { S3Options } from '../store/s3-object-store.ts'
import type { WriterSettings } from '../writing/partition-writer.ts'
import { extractorName, formatName, partitionerName } from './class-names.ts'
import { CONFIG } from './config-keys.ts'
import type { RawConfig } from './config-keys.ts'
import { crossCheck, endpointUrl, timeZone } from './cross-checks.ts'

export interface S3SinkConfig {
  readonly store: S3Options
  readonly retry: RetryOptions
  readonly writer: WriterSettings
  readonly partBytes: number
  readonly memoryBytes: number
  /** Asked for in so many words, and without effect in this combination. */
  readonly uselessCondition: boolean
  readonly gzipLevel: number | undefined
  readonly nullValues: 'fail' | 'ignore' | 'write'
  readonly reportNullValues: boolean
  /** A new one for each Kafka partition: they keep the last time bucket. */
  partitioner(): Partitioner
}

const HOUR_MS = 3_600_000

/** Throws the first ConfigError. */
export function parseS3SinkConfig(props: Props): S3SinkConfig {
  const raw = CONFIG.parse(props)
  const [wrong] = crossCheck(raw)
  if (wrong) throw wrong
  const gzip = raw['s3.compression.type'] === 'gzip'
  return {
    store: storeOptions(raw),
    retry: {
      retries: raw['s3.part.retries'],
      backoffMs: raw['s3.retry.backoff.ms'],
      roundBackoffMs: raw['retry.backoff.ms'],
    },
    writer: writerSettings(raw, props, gzip),
    partBytes: raw['s3.part.size'],
    memoryBytes: raw['s3.buffer.memory.bytes'],
    uselessCondition: props['enable.conditional.writes']?.trim().toLowerCase() === 'true' && !conditionalWrites(raw),
    gzipLevel: gzip ? raw['s3.compression.level'] : undefined,
    nullValues: raw['behavior.on.null.values'].toLowerCase() as S3SinkConfig['nullValues'],
    reportNullValues: raw['report.null.values.to.dlq'],
    partitioner: () => partitioner(raw),
  }
}

export function storeOptions(raw: RawConfig): S3Options {
  const secret = raw['aws.secret.access.key'] ?? ''
  const accessKeyId = raw['aws.access.key.id']
  const kms = raw['s3.ssea.name'] === 'aws:kms' && raw['s3.sse.kms.key.id'] !== ''
  return {
    bucket: raw['s3.bucket.name'],
    region: raw['s3.region'],
    endpoint: (raw['store.url'] ?? '') === '' ? undefined : endpointUrl(raw['store.url'] ?? ''),
    pathStyle: raw['s3.path.style.access.enabled'],
    accelerate: raw['s3.wan.mode'],
    credentials: accessKeyId === '' ? undefined : { accessKeyId, secretAccessKey: secret },
    requestTimeoutMs: raw['s3.request.timeout.ms'],
    concurrency: raw['s3.upload.concurrency'],
    checksums: raw['s3.checksum.calculation'] as S3Options['checksums'],
    sendMd5: raw['s3.send.digest'],
    expectContinue: raw['s3.http.send.expect.continue'],
    acl: raw['s3.acl.canned'] ?? undefined,
    // as Confluent: aws:kms without a key id sends nothing
    encryption: raw['s3.ssea.name'] === 'AES256' || kms ? raw['s3.ssea.name'] : undefined,
    kmsKeyId: kms ? raw['s3.sse.kms.key.id'] : undefined,
    conditionalWrites: conditionalWrites(raw),
  }
}

/** As Confluent: only where the clock closes objects, and only for values, which are one object and not two or three. */
function conditionalWrites(raw: RawConfig): boolean {
  const hasSchedule = raw['rotate.schedule.interval.ms'] > 0
  return raw['enable.conditional.writes'] && hasSchedule && !raw['store.kafka.keys'] && !raw['store.kafka.headers']
}

function writerSettings(raw: RawConfig, props: Props, gzip: boolean): WriterSettings {
  const name = partitionerName('partitioner.class', raw['partitioner.class'])
  const timeBased = name === 'TimeBased' || name === 'Hourly' || name === 'Daily'
  const interval = raw['rotate.interval.ms']
  const period = raw['rotate.schedule.interval.ms']
  const maxOpen = raw['partitioner.max.open.files']
  return {
    naming: {
      topicsDir: raw['topics.dir'],
      directoryDelimiter: raw['directory.delim'],
      fileDelimiter: raw['file.delim'],
      padWidth: raw['filename.offset.zero.pad.width'],
    },
    policy: {
      flushSize: raw['flush.size'],
      intervalMs: timeBased && interval > 0 ? interval : undefined,
      onPartitionChange: raw['rotate.file.on.partition.change'],
      scheduled: period > 0,
      maxOpenFiles: maxOpen > 0 ? maxOpen : Infinity,
    },
    schedule: period > 0 ? { periodMs: period, zone: timeZone(raw) } : undefined,
    formats: {
      values: format(raw, props, 'values'),
      keys: raw['store.kafka.keys'] ? format(raw, props, 'keys') : undefined,
      headers: raw['store.kafka.headers'] ? format(raw, props, 'headers') : undefined,
    },
    compressionExtension: gzip ? '.gz' : '',
    tombstoneFolder: raw['tombstone.encoded.partition'],
  }
}

function format(raw: RawConfig, props: Props, view: ObjectView): RecordFormat {
  const key = view === 'values' ? 'format.class' : (`${view}.format.class` as const)
  if (view !== 'headers' && formatName(key, raw[key]) === 'bytearray')
    // from the raw property: its white space counts
    return byteArrayFormat(view, raw['format.bytearray.extension'], props['format.bytearray.separator'] ?? '\n')
  return jsonFormat(view, raw['json.decimal.format'].toUpperCase() === 'NUMERIC' ? 'NUMERIC' : 'BASE64')
}

function partitioner(raw: RawConfig): Partitioner {
  const delimiter = raw['directory.delim']
  const name = partitionerName('partitioner.class', raw['partitioner.class'])
  switch (name) {
    case 'Default':
      return new DefaultPartitioner()
    case 'Field':
      return new FieldPartitioner(raw['partition.field.name'], delimiter)
    case 'Hourly':
      return timeBased(raw, ["'year'=YYYY", "'month'=MM", "'day'=dd", "'hour'=HH"].join(delimiter), HOUR_MS)
    case 'Daily':
      return timeBased(raw, ["'year'=YYYY", "'month'=MM", "'day'=dd"].join(delimiter), 24 * HOUR_MS)
    case 'TimeBased': {
      const pattern = raw['path.format']
      const trimmed = pattern.endsWith(delimiter) ? pattern.slice(0, -delimiter.length) : pattern
      return timeBased(raw, trimmed, raw['partition.duration.ms'])
    }
  }
}

function timeBased(raw: RawConfig, pattern: string, durationMs: number): Partitioner {
  const zone = timeZone(raw)
  return new TimeBasedPartitioner({
    timestamp: extractor(raw),
    durationMs,
    zone,
    format: compileJodaPattern(pattern, zone, raw.locale),
  })
}

function extractor(raw: RawConfig): TimestampExtractor {
  const name = extractorName('timestamp.extractor', raw['timestamp.extractor'])
  switch (name) {
    case 'Wallclock':
      return wallclock
    case 'Record':
      return recordTimestamp
    case 'RecordField':
      return fieldTimestamp(raw['timestamp.field'])
  }
}

import { ConfigError } from 'naru/api'

export type FormatName = 'json' | 'bytearray'
export type PartitionerName = 'Default' | 'Field' | 'TimeBased' | 'Hourly' | 'Daily'

const FORMAT_PACKAGE = 'io.confluent.connect.s3.format.'
const FORMATS: Readonly<Record<string, FormatName>> = {
  [`${FORMAT_PACKAGE}json.JsonFormat`]: 'json',
  JsonFormat: 'json',
  [`${FORMAT_PACKAGE}bytearray.ByteArrayFormat`]: 'bytearray',
  ByteArrayFormat: 'bytearray',
}
const PARTITIONER_PACKAGE = 'io.confluent.connect.storage.partitioner.'
const PARTITIONERS: readonly PartitionerName[] = ['Default', 'Field', 'TimeBased', 'Hourly', 'Daily']

/** Java class names, full or simple, stand for what is built in. Throws ConfigError naming `key`. */
export function formatName(key: string, className: string): FormatName {
  const name = FORMATS[className]
  if (name !== undefined) return name
  const known = /(Avro|Parquet)Format$/.exec(className)?.[1]
  throw ConfigError.invalid(
    key,
    className,
    known === undefined
      ? `there is no such format; use ${FORMAT_PACKAGE}json.JsonFormat or ${FORMAT_PACKAGE}bytearray.ByteArrayFormat`
      : `${known} objects are not available yet; use ${FORMAT_PACKAGE}json.JsonFormat or ${FORMAT_PACKAGE}bytearray.ByteArrayFormat`,
  )
}

export function partitionerName(key: string, className: string): PartitionerName {
  const simple = className.startsWith(PARTITIONER_PACKAGE) ? className.slice(PARTITIONER_PACKAGE.length) : className
  const name = PARTITIONERS.find((known) => `${known}Partitioner` === simple)
  if (name !== undefined) return name
  const names = PARTITIONERS.map((known) => `${known}Partitioner`).join(', ')
  throw ConfigError.invalid(
    key,
    className,
    `there is no such partitioner; use one of ${names} (package ${PARTITIONER_PACKAGE}*)`,
  )
}

export type ExtractorName = 'Wallclock' | 'Record' | 'RecordField'

export function extractorName(key: string, value: string): ExtractorName {
  const simple =
    /^(?:io\.confluent\.connect\.storage\.partitioner\.TimeBasedPartitioner\$)?(Wallclock|Record|RecordField)(?:TimestampExtractor)?$/.exec(
      value,
    )
  if (simple) return simple[1] as ExtractorName
  throw ConfigError.invalid(key, value, 'use Wallclock, Record or RecordField')
}

import { configDef, validators } from 'naru/api'
import { compatibilityKeys, ignoredKeys } from './other-keys.ts'
import { placementKeys } from './placement-keys.ts'
import { s3Keys } from './s3-keys.ts'

/**
 * Every key of Confluent's S3 sink with its type and default, so that existing configs validate unchanged, and four of our own
 * (marked *naru*). Documentation: docs.confluent.io/kafka-connectors/s3-sink/current/configuration_options.html
 */
export const CONFIG = configDef({
  'format.class': {
    type: 'CLASS',
    importance: 'HIGH',
    group: 'Connector',
    documentation:
      'How values are written: io.confluent.connect.s3.format.json.JsonFormat or …bytearray.ByteArrayFormat.',
    recommender: {
      values: () => [
        'io.confluent.connect.s3.format.json.JsonFormat',
        'io.confluent.connect.s3.format.bytearray.ByteArrayFormat',
      ],
    },
  },
  'flush.size': {
    type: 'INT',
    importance: 'HIGH',
    group: 'Connector',
    documentation: 'Records of one Kafka partition, over all its open objects, after which they are uploaded.',
  },
  'rotate.interval.ms': {
    type: 'LONG',
    default: -1,
    importance: 'HIGH',
    group: 'Connector',
    documentation:
      'Close objects when the time of the records, as the timestamp extractor sees it, has advanced by this many milliseconds. Only with a time-based partitioner. -1: never.',
  },
  'rotate.schedule.interval.ms': {
    type: 'LONG',
    default: -1,
    importance: 'MEDIUM',
    group: 'Connector',
    documentation:
      'Close objects by the clock, in periods of this many milliseconds since midnight in `timezone`. Boundaries then depend on when records are processed: at least once instead of exactly once. -1: never.',
  },
  'rotate.file.on.partition.change': {
    type: 'BOOLEAN',
    default: true,
    importance: 'LOW',
    group: 'Connector',
    documentation:
      'With rotate.interval.ms: also close objects when a record belongs to another time partition than the one before.',
  },
  'retry.backoff.ms': {
    type: 'LONG',
    default: 5000,
    importance: 'LOW',
    group: 'Connector',
    documentation: 'Pause after s3.part.retries tries have failed, before the next round of tries.',
  },
  'filename.offset.zero.pad.width': {
    type: 'INT',
    default: 10,
    validator: validators.atLeast(0),
    importance: 'LOW',
    group: 'Connector',
    documentation: 'Digits of the start offset in object names, filled with zeros.',
  },
  'behavior.on.null.values': {
    type: 'STRING',
    default: 'fail',
    validator: validators.oneOfIgnoreCase('fail', 'ignore', 'write'),
    importance: 'LOW',
    group: 'Connector',
    documentation:
      'What to do with a null value: fail the task, ignore the record, or write its key (needs store.kafka.keys).',
  },
  'report.null.values.to.dlq': {
    type: 'BOOLEAN',
    default: true,
    importance: 'LOW',
    group: 'Connector',
    documentation: 'Report ignored null values to the dead letter queue, where there is one.',
  },
  'tombstone.encoded.partition': {
    type: 'STRING',
    default: 'tombstone',
    importance: 'LOW',
    group: 'Connector',
    documentation: 'Folder of the keys of null values when these are written.',
  },
  ...s3Keys,
  ...placementKeys,
  ...compatibilityKeys,
  ...ignoredKeys,
})

export type RawConfig = ReturnType<typeof CONFIG.parse>

import { validators } from 'naru/api'
import type { ConfigKey } from 'naru/api'

const STORAGE = 'io.confluent.connect.s3.storage.S3Storage'

/** How objects are named and which records share one: the groups "Storage" and "Partitioner". */
export const placementKeys = {
  'storage.class': {
    type: 'CLASS',
    default: STORAGE,
    validator: validators.oneOf(STORAGE, 'S3Storage'),
    importance: 'LOW',
    group: 'Storage',
    documentation: `Always ${STORAGE}.`,
    recommender: { values: () => [STORAGE] },
  },
  'topics.dir': {
    type: 'STRING',
    default: 'topics',
    importance: 'HIGH',
    group: 'Storage',
    documentation: 'First folder of all object names; blank for none.',
  },
  'directory.delim': {
    type: 'STRING',
    default: '/',
    importance: 'MEDIUM',
    group: 'Storage',
    documentation: 'Delimiter between folders.',
  },
  'file.delim': {
    type: 'STRING',
    default: '+',
    importance: 'MEDIUM',
    group: 'Storage',
    documentation: 'Delimiter between topic, partition and offset.',
  },
  'partitioner.class': {
    type: 'CLASS',
    default: 'io.confluent.connect.storage.partitioner.DefaultPartitioner',
    importance: 'HIGH',
    group: 'Partitioner',
    documentation: 'DefaultPartitioner, FieldPartitioner, TimeBasedPartitioner, HourlyPartitioner or DailyPartitioner.',
    recommender: {
      values: () =>
        ['Default', 'Hourly', 'Daily', 'TimeBased', 'Field'].map(
          (name) => `io.confluent.connect.storage.partitioner.${name}Partitioner`,
        ),
    },
  },
  'partition.field.name': {
    type: 'LIST',
    default: [],
    importance: 'MEDIUM',
    group: 'Partitioner',
    documentation: 'Fields of the FieldPartitioner; dotted for nested ones.',
  },
  'partition.duration.ms': {
    type: 'LONG',
    default: -1,
    importance: 'MEDIUM',
    group: 'Partitioner',
    documentation: 'Length of a time partition of the TimeBasedPartitioner.',
  },
  'path.format': {
    type: 'STRING',
    default: '',
    importance: 'MEDIUM',
    group: 'Partitioner',
    documentation: "Folders of a time partition, as a Joda-Time pattern: 'year'=YYYY/'month'=MM.",
  },
  locale: {
    type: 'STRING',
    default: '',
    importance: 'MEDIUM',
    group: 'Partitioner',
    documentation: 'Language of names of months and days in path.format.',
  },
  timezone: {
    type: 'STRING',
    default: '',
    importance: 'MEDIUM',
    group: 'Partitioner',
    documentation: 'Time zone of time partitions and scheduled rotation: UTC, Europe/Berlin, +05:30.',
  },
  'timestamp.extractor': {
    type: 'STRING',
    default: 'Wallclock',
    importance: 'MEDIUM',
    group: 'Partitioner',
    documentation: 'Wallclock, Record or RecordField.',
  },
  'timestamp.field': {
    type: 'STRING',
    default: 'timestamp',
    importance: 'MEDIUM',
    group: 'Partitioner',
    documentation: 'Field of the RecordField extractor; dotted for nested ones.',
  },
  'partitioner.max.open.files': {
    type: 'INT',
    default: -1,
    importance: 'LOW',
    group: 'Partitioner',
    documentation: 'Open objects of one Kafka partition beyond which all of them are uploaded. -1: no limit.',
  },
} satisfies Readonly<Record<string, ConfigKey>>

/**
 * The topic properties of Kafka 4 with their defaults. All are accepted, stored and described; those of `TopicConfig`
 * have an effect here.
 */
import type { ConfigKey } from './config-key.ts'

const MAX_LONG = '9223372036854775807'

export const TOPIC_CONFIG_KEYS: Readonly<Record<string, ConfigKey>> = {
  'cleanup.policy': {
    type: 'LIST',
    default: 'delete',
    broker: 'log.cleanup.policy',
    oneOf: ['compact', 'delete'],
    doc: 'What happens to old segments: dropped, or only the last record of each key kept.',
  },
  'compression.type': {
    type: 'STRING',
    default: 'producer',
    broker: 'compression.type',
    oneOf: ['uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'],
    doc: 'Final compression. This broker stores batches as the producer sent them.',
  },
  'compression.gzip.level': { type: 'INT', default: '-1', broker: 'compression.gzip.level', doc: 'Level of gzip.' },
  'compression.lz4.level': { type: 'INT', default: '9', broker: 'compression.lz4.level', doc: 'Level of lz4.' },
  'compression.zstd.level': { type: 'INT', default: '3', broker: 'compression.zstd.level', doc: 'Level of zstd.' },
  'delete.retention.ms': {
    type: 'LONG',
    default: '86400000',
    broker: 'log.cleaner.delete.retention.ms',
    min: 0,
    doc: 'How long tombstones of a compacted topic stay.',
  },
  'file.delete.delay.ms': {
    type: 'LONG',
    default: '60000',
    broker: 'log.segment.delete.delay.ms',
    min: 0,
    doc: 'Time before a dropped segment leaves the disk.',
  },
  'flush.messages': {
    type: 'LONG',
    default: MAX_LONG,
    broker: 'log.flush.interval.messages',
    min: 1,
    doc: 'Records between two fsync calls.',
  },
  'flush.ms': {
    type: 'LONG',
    default: MAX_LONG,
    broker: 'log.flush.interval.ms',
    min: 0,
    doc: 'Time between two fsync calls.',
  },
  'follower.replication.throttled.replicas': { type: 'LIST', default: '', doc: 'Replicas whose copying is slowed.' },
  'index.interval.bytes': {
    type: 'INT',
    default: '4096',
    broker: 'log.index.interval.bytes',
    min: 0,
    doc: 'Bytes between two index entries.',
  },
  'leader.replication.throttled.replicas': { type: 'LIST', default: '', doc: 'Replicas whose copying is slowed.' },
  'local.retention.bytes': {
    type: 'LONG',
    default: '-2',
    broker: 'log.local.retention.bytes',
    min: -2,
    doc: 'Tiered storage.',
  },
  'local.retention.ms': {
    type: 'LONG',
    default: '-2',
    broker: 'log.local.retention.ms',
    min: -2,
    doc: 'Tiered storage.',
  },
  'max.compaction.lag.ms': {
    type: 'LONG',
    default: MAX_LONG,
    broker: 'log.cleaner.max.compaction.lag.ms',
    min: 1,
    doc: 'Greatest age of a record that was not considered for compaction.',
  },
  'max.message.bytes': {
    type: 'INT',
    default: '1048588',
    broker: 'message.max.bytes',
    min: 0,
    doc: 'Greatest record batch, as sent (compressed).',
  },
  'message.timestamp.after.max.ms': {
    type: 'LONG',
    default: '3600000',
    broker: 'log.message.timestamp.after.max.ms',
    min: 0,
    doc: 'How far in the future a record may lie.',
  },
  'message.timestamp.before.max.ms': {
    type: 'LONG',
    default: MAX_LONG,
    broker: 'log.message.timestamp.before.max.ms',
    min: 0,
    doc: 'How far in the past a record may lie.',
  },
  'message.timestamp.type': {
    type: 'STRING',
    default: 'CreateTime',
    broker: 'log.message.timestamp.type',
    oneOf: ['CreateTime', 'LogAppendTime'],
    doc: 'Whose clock the timestamp shows.',
  },
  'min.cleanable.dirty.ratio': {
    type: 'DOUBLE',
    default: '0.5',
    broker: 'log.cleaner.min.cleanable.ratio',
    min: 0,
    doc: 'When compaction begins.',
  },
  'min.compaction.lag.ms': {
    type: 'LONG',
    default: '0',
    broker: 'log.cleaner.min.compaction.lag.ms',
    min: 0,
    doc: 'Least age of a compacted record.',
  },
  'min.insync.replicas': {
    type: 'INT',
    default: '1',
    broker: 'min.insync.replicas',
    min: 1,
    doc: 'Replicas that acks=all waits for.',
  },
  preallocate: {
    type: 'BOOLEAN',
    default: 'false',
    broker: 'log.preallocate',
    doc: 'Reserve the file when it is made.',
  },
  'remote.storage.enable': { type: 'BOOLEAN', default: 'false', doc: 'Tiered storage.' },
  'retention.bytes': {
    type: 'LONG',
    default: '-1',
    broker: 'log.retention.bytes',
    doc: 'Size of a partition above which old segments go; -1: no limit.',
  },
  'retention.ms': {
    type: 'LONG',
    default: '604800000',
    broker: 'log.retention.ms',
    min: -1,
    doc: 'Age above which segments go; -1: no limit.',
  },
  'segment.bytes': {
    type: 'INT',
    default: '1073741824',
    broker: 'log.segment.bytes',
    min: 14,
    doc: 'Greatest segment file.',
  },
  'segment.index.bytes': {
    type: 'INT',
    default: '10485760',
    broker: 'log.index.size.max.bytes',
    min: 4,
    doc: 'Greatest index file.',
  },
  'segment.jitter.ms': {
    type: 'LONG',
    default: '0',
    broker: 'log.roll.jitter.ms',
    min: 0,
    doc: 'Random part of segment.ms.',
  },
  'segment.ms': {
    type: 'LONG',
    default: '604800000',
    broker: 'log.roll.ms',
    min: 1,
    doc: 'Greatest age of the segment written to.',
  },
  'unclean.leader.election.enable': {
    type: 'BOOLEAN',
    default: 'false',
    broker: 'unclean.leader.election.enable',
    doc: 'Whether a replica that lags may lead.',
  },
}

/** The properties that act, parsed. */
export interface TopicConfig {
  readonly 'cleanup.policy': string
  readonly 'delete.retention.ms': number
  readonly 'max.compaction.lag.ms': number
  readonly 'max.message.bytes': number
  readonly 'message.timestamp.after.max.ms': number
  readonly 'message.timestamp.before.max.ms': number
  readonly 'message.timestamp.type': 'CreateTime' | 'LogAppendTime'
  readonly 'min.cleanable.dirty.ratio': number
  readonly 'min.compaction.lag.ms': number
  readonly 'retention.bytes': number
  readonly 'retention.ms': number
  readonly 'segment.bytes': number
  readonly 'segment.ms': number
}

/** `own`: what was set on the topic; `inherited`: the value of a topic property that nobody set. */
export function topicConfig(own: Readonly<Record<string, string>>, inherited: (name: string) => string): TopicConfig {
  const text = (name: keyof TopicConfig): string => own[name] ?? inherited(name)
  const number = (name: keyof TopicConfig): number => Number(text(name))
  return {
    'cleanup.policy': text('cleanup.policy'),
    'delete.retention.ms': number('delete.retention.ms'),
    'max.compaction.lag.ms': number('max.compaction.lag.ms'),
    'max.message.bytes': number('max.message.bytes'),
    'message.timestamp.after.max.ms': number('message.timestamp.after.max.ms'),
    'message.timestamp.before.max.ms': number('message.timestamp.before.max.ms'),
    'message.timestamp.type': text('message.timestamp.type') === 'LogAppendTime' ? 'LogAppendTime' : 'CreateTime',
    'min.cleanable.dirty.ratio': number('min.cleanable.dirty.ratio'),
    'min.compaction.lag.ms': number('min.compaction.lag.ms'),
    'retention.bytes': number('retention.bytes'),
    'retention.ms': number('retention.ms'),
    'segment.bytes': number('segment.bytes'),
    'segment.ms': number('segment.ms'),
  }
}

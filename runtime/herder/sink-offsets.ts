import type { SinkOffsetChange } from '../api/connector.ts'
import { ConfigError } from '../api/errors.ts'
import type { TopicPartition } from '../kafka/topic-partition.ts'
import type { ConnectorOffset } from './connector-offset.ts'

/** A request's offsets of a sink connector as offsets of its consumer group; messages are Connect's. Throws ConfigError. */
export function parseSinkOffsets(offsets: readonly ConnectorOffset[]): readonly SinkOffsetChange[] {
  return offsets.map(({ partition, offset }) => ({
    ...parsePartition(partition),
    offset: offset === null ? null : parseOffset(offset),
  }))
}

function parsePartition(partition: ConnectorOffset['partition'] | null | undefined): TopicPartition {
  if (partition === null || partition === undefined)
    throw wrong('The partition for a sink connector offset cannot be null or missing')
  if (!('kafka_topic' in partition) || !('kafka_partition' in partition))
    throw wrong("The partition for a sink connector offset must contain the keys 'kafka_topic' and 'kafka_partition'")
  const { kafka_topic: topic, kafka_partition: number } = partition
  if (topic === null || topic === undefined) throw wrong('Kafka topic names must be valid strings and may not be null')
  if (number === null || number === undefined) throw wrong('Kafka partitions must be valid numbers and may not be null')
  const parsed = integer(number)
  if (parsed === undefined)
    throw wrong(
      `Failed to parse the following Kafka partition value in the provided offsets: '${String(number)}'. ` +
        'Partition values for sink connectors need to be integers.',
    )
  return { topic: String(topic), partition: parsed }
}

function parseOffset(offset: NonNullable<ConnectorOffset['offset']>): number {
  if (!('kafka_offset' in offset))
    throw wrong("The offset for a sink connector should either be null or contain the key 'kafka_offset'")
  const parsed = integer(offset['kafka_offset'])
  if (parsed === undefined)
    throw wrong(
      `Failed to parse the following Kafka offset value in the provided offsets: '${String(offset['kafka_offset'])}'. ` +
        'Offset values for sink connectors need to be integers.',
    )
  return parsed
}

/** Numeric strings are accepted. */
function integer(value: unknown): number | undefined {
  const text = String(value)
  const parsed = /^-?\d+$/.test(text) ? Number(text) : NaN
  return Number.isSafeInteger(parsed) ? parsed : undefined
}

function wrong(message: string): ConfigError {
  return new ConfigError('offsets', message)
}

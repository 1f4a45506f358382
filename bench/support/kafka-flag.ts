import type { KafkaKind } from '../../test/cluster/support/kafka-under-test.ts'

/** Apache Kafka unless `--kafka embedded`. */
export function kafkaFlag(flags: ReadonlyMap<string, string>): KafkaKind {
  const value = flags.get('kafka') ?? 'apache'
  if (value !== 'apache' && value !== 'embedded') throw new Error(`--kafka ${value}: apache or embedded`)
  return value
}

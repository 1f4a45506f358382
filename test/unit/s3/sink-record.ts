import { NO_HEADERS } from 'naru/api'
import type { SinkRecord } from 'naru/api'

/** A record of topic `orders`, partition 0, with what a test says otherwise. */
export function sinkRecord(more: Partial<SinkRecord> = {}): SinkRecord {
  const { topic = 'orders', partition = 0, offset = 0 } = more
  return {
    topic,
    partition,
    offset,
    keySchema: undefined,
    key: null,
    valueSchema: undefined,
    value: { offset },
    timestamp: 0,
    timestampType: 'CreateTime',
    headers: NO_HEADERS,
    originalTopic: topic,
    originalPartition: partition,
    originalOffset: offset,
    ...more,
  }
}

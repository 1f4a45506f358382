import { configDef, DataError } from '../api/index.ts'
import type { ConnectRecord, Props, Transformation } from '../api/index.ts'
import { JavaDateFormat } from './java-date-format.ts'

const definition = configDef({
  'topic.format': {
    type: 'STRING',
    default: '${topic}-${timestamp}',
    importance: 'HIGH',
    documentation:
      'Format string which can contain ${topic} and ${timestamp} as placeholders for the topic and timestamp, respectively.',
  },
  'timestamp.format': {
    type: 'STRING',
    default: 'yyyyMMdd',
    importance: 'HIGH',
    documentation: 'Format string for the timestamp that is compatible with java.text.SimpleDateFormat; in UTC.',
  },
})

/** org.apache.kafka.connect.transforms.TimestampRouter: a topic by topic and time of the record. */
export class TimestampRouter implements Transformation {
  #topicFormat = ''
  #last = { topic: '', timestamp: '', routed: '' }
  #timestampFormat = new JavaDateFormat('timestamp.format', 'yyyyMMdd')

  static configDef(): typeof definition {
    return definition
  }

  configure(props: Props): void {
    const config = definition.parse(props)
    this.#topicFormat = config['topic.format']
    this.#timestampFormat = new JavaDateFormat('timestamp.format', config['timestamp.format'])
  }

  apply(record: ConnectRecord): ConnectRecord {
    if (record.timestamp === undefined)
      throw new DataError(
        `Timestamp missing on record: topic='${record.topic}', partition=${record.partition ?? 'null'}`,
      )
    const timestamp = this.#timestampFormat.format(new Date(record.timestamp))
    if (record.topic !== this.#last.topic || timestamp !== this.#last.timestamp)
      this.#last = { topic: record.topic, timestamp, routed: this.#route(record.topic, timestamp) }
    return { ...record, topic: this.#last.routed }
  }

  #route(topic: string, timestamp: string): string {
    return this.#topicFormat.replaceAll('${topic}', () => topic).replaceAll('${timestamp}', () => timestamp)
  }
}

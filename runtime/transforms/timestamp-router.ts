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
    const topic = this.#topicFormat
      .replaceAll('${topic}', () => record.topic)
      .replaceAll('${timestamp}', () => timestamp)
    return { ...record, topic }
  }
}

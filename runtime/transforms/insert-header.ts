import { configDef, parseString, validators } from '../api/index.ts'
import type { ConnectRecord, Header, Props, Transformation } from '../api/index.ts'

const definition = configDef({
  header: {
    type: 'STRING',
    validator: validators.nonNull,
    importance: 'HIGH',
    documentation: 'The name of the header.',
  },
  'value.literal': {
    type: 'STRING',
    validator: validators.nonNull,
    importance: 'HIGH',
    documentation: 'The literal value that is to be set as the header value on all records; its type is guessed.',
  },
})

/** org.apache.kafka.connect.transforms.InsertHeader */
export class InsertHeader implements Transformation {
  #header: Header = { key: '', schema: undefined, value: null }

  static configDef(): typeof definition {
    return definition
  }

  configure(props: Props): void {
    const config = definition.parse(props)
    this.#header = { key: config.header, ...parseString(config['value.literal']) }
  }

  apply(record: ConnectRecord): ConnectRecord {
    return { ...record, headers: [...record.headers, this.#header] }
  }
}

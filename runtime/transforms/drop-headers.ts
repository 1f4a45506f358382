import { configDef, validators } from '../api/index.ts'
import type { ConnectRecord, Props, Transformation } from '../api/index.ts'

const definition = configDef({
  headers: {
    type: 'LIST',
    validator: validators.list({ empty: false }),
    importance: 'HIGH',
    documentation: 'The names of the headers to be removed.',
  },
})

/** org.apache.kafka.connect.transforms.DropHeaders */
export class DropHeaders implements Transformation {
  #names: ReadonlySet<string> = new Set()

  static configDef(): typeof definition {
    return definition
  }

  configure(props: Props): void {
    this.#names = new Set(definition.parse(props).headers)
  }

  apply(record: ConnectRecord): ConnectRecord {
    const headers = record.headers.filter(({ key }) => !this.#names.has(key))
    return headers.length === record.headers.length ? record : { ...record, headers }
  }
}

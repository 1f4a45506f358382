import { configDef, plain, RetriableError } from 'naru/api'
import type { ConfigDef, ConnectRecord, Props, Transformation } from 'naru/api'

/** Converters and transformations that are wrong in the ways that validation and error handling have to notice. */
class WorkingConverter {
  static configDef(): ConfigDef {
    return configDef({})
  }
  configure(): void {}
  fromConnectData(): null {
    return null
  }
  fromConnectHeader(): null {
    return null
  }
  toConnectData(): { schema: undefined; value: null } {
    return { schema: undefined, value: null }
  }
  toConnectHeader(): { schema: undefined; value: null } {
    return { schema: undefined, value: null }
  }
}

export class TestConverterWithConstructorThatThrowsException extends WorkingConverter {
  constructor() {
    super()
    throw new Error('whoops')
  }
}

export class TestConverterWithSinglePropertyConfigDef extends WorkingConverter {
  static override configDef(): ConfigDef {
    return configDef({
      prop: {
        type: 'STRING',
        importance: 'HIGH',
        documentation: 'A required boolean in text form.',
        validator: (key, value) => {
          if (value !== 'true' && value !== 'false') throw new Error(`Invalid value ${String(value)} for ${key}`)
        },
      },
    })
  }
}

/** Says nothing about its configuration. */
export class TestConverterWithNoConfigDef extends WorkingConverter {
  static override configDef(): ConfigDef {
    return undefined as never
  }
}

/** Passes records on, but one: the value `value-7` is never accepted, as a passing trouble that does not pass. */
export class FaultyPassthrough<R extends ConnectRecord> implements Transformation<R> {
  static configDef(): ConfigDef {
    return configDef({})
  }

  configure(_props: Props): void {}

  apply(record: R): R {
    if (plain(record.value) === 'value-7') throw new RetriableError("Error when value='value-7'")
    return record
  }
}

import { configDef, ConnectError, definePlugin } from '../../../runtime/api/index.ts'
import type {
  ConfigDef,
  ConnectRecord,
  ConverterClass,
  HeaderConverterClass,
  Plugin,
  Props,
  SchemaAndValue,
} from '../../../runtime/api/index.ts'

/** The test plugins that the recorded validation answers name, as they were in the reference: fixtures/connect-4.3/validation.json. */

class Task {
  static readonly className = 'Task'
  async start(): Promise<void> {}
  async poll(): Promise<readonly never[]> {
    return []
  }
  async put(): Promise<void> {}
  async stop(): Promise<void> {}
}

class Connector {
  static readonly version: string = '1.0'
  static readonly task = Task
  static configDef(): ConfigDef {
    return configDef({})
  }
  async start(): Promise<void> {}
  async taskConfigs(): Promise<readonly Props[]> {
    return [{}]
  }
  async stop(): Promise<void> {}
}

class TestSinkConnector extends Connector {
  static readonly type = 'sink'
}

type Support = 'SUPPORTED' | 'UNSUPPORTED' | null

function supportOf(word: string | undefined, fallback: Support): Support {
  switch (word) {
    case undefined:
      return fallback
    case 'supported':
      return 'SUPPORTED'
    case 'unsupported':
      return 'UNSUPPORTED'
    case 'null':
      return null
    default:
      throw new ConnectError('oops')
  }
}

class TestSourceConnector extends Connector {
  static readonly type = 'source'
  exactlyOnceSupport(props: Props): Support {
    return supportOf(props['custom.exactly.once.support'], 'SUPPORTED')
  }
  canDefineTransactionBoundaries(props: Props): Support {
    return supportOf(props['custom.transaction.boundaries'], 'UNSUPPORTED')
  }
}

class Base {
  static configDef(): ConfigDef {
    return configDef({})
  }
  configure(): void {}
  fromConnectData(): null {
    return null
  }
  toConnectData(): SchemaAndValue {
    return { schema: undefined, value: null }
  }
  fromConnectHeader(): null {
    return null
  }
  toConnectHeader(): SchemaAndValue {
    return { schema: undefined, value: null }
  }
}

class NoSuitableConstructorConverter extends Base {
  readonly size: number
  constructor(size: number) {
    super()
    this.size = size
  }
}

class ThrowingConverter extends Base {
  constructor() {
    super()
    throw new ConnectError('whoops')
  }
}

class MisconfiguredConverter extends Base {
  static override configDef(): ConfigDef {
    return configDef({ prop: { type: 'INT', importance: 'HIGH', documentation: 'A number.' } })
  }
}

class NoConfigDefConverter extends Base {
  static override configDef(): ConfigDef {
    return undefined as unknown as ConfigDef
  }
}

class AbstractTestConverter {
  configure(): void {}
}

const converters = {
  'naru.test.Fixtures$Base': Base,
  'naru.test.NoSuitableConstructorConverter': NoSuitableConstructorConverter,
  'naru.test.ThrowingConverter': ThrowingConverter,
  'naru.test.MisconfiguredConverter': MisconfiguredConverter,
  'naru.test.NoConfigDefConverter': NoConfigDefConverter,
  'naru.test.AbstractTestConverter': AbstractTestConverter,
} as unknown as Readonly<Record<string, ConverterClass & HeaderConverterClass>>

/** A sink, a converter, a transformation and a predicate whose keys tell the version. */
function versioned(version: string): Plugin {
  const key = (name: string): ConfigDef =>
    configDef({ [name]: { type: 'STRING', default: version, importance: 'LOW', documentation: 'The version.' } })
  class VersionedSinkConnector extends TestSinkConnector {
    static override readonly version = version
    static override configDef = (): ConfigDef => key('v')
  }
  class VersionedConverter extends Base {
    static override configDef = (): ConfigDef => key('cv')
  }
  class VersionedTransform {
    static configDef = (): ConfigDef => key('tv')
    configure(): void {}
    apply(record: ConnectRecord): ConnectRecord {
      return record
    }
  }
  class VersionedPredicate {
    static configDef = (): ConfigDef => key('pv')
    configure(): void {}
    test(): boolean {
      return true
    }
  }
  return definePlugin({
    name: `versions-${version}`,
    version,
    connectors: { 'naru.versions.VersionedSinkConnector': VersionedSinkConnector },
    converters: { 'naru.versions.VersionedConverter': VersionedConverter },
    headerConverters: { 'naru.versions.VersionedConverter': VersionedConverter },
    transformations: { 'naru.versions.VersionedTransform': VersionedTransform },
    predicates: { 'naru.versions.VersionedPredicate': VersionedPredicate },
  })
}

export const referencePlugins: readonly Plugin[] = [
  definePlugin({
    name: 'reference',
    version: '1.2.3',
    connectors: {
      'naru.test.TestSinkConnector': TestSinkConnector,
      'naru.test.TestSourceConnector': TestSourceConnector,
    },
    converters,
    headerConverters: converters,
  }),
  versioned('1.0'),
  versioned('2.0'),
]

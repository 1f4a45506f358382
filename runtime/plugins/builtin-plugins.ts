import { definePlugin } from '../api/index.ts'
import type { ConverterClass, Plugin } from '../api/index.ts'
import { DirectoryConfigProvider, EnvVarConfigProvider, FileConfigProvider } from '../config/config-providers.ts'
import { ByteArrayConverter } from '../converters/byte-array-converter.ts'
import { headerConverterOf } from '../converters/header-via-converter.ts'
import { JsonConverter } from '../converters/json-converter.ts'
import {
  BooleanConverter,
  DoubleConverter,
  FloatConverter,
  IntegerConverter,
  LongConverter,
  ShortConverter,
} from '../converters/number-converters.ts'
import { SimpleHeaderConverter } from '../converters/simple-header-converter.ts'
import { StringConverter } from '../converters/string-converter.ts'
import { predicates, transformations } from '../transforms/builtin-transformations.ts'

const converters: Readonly<Record<string, ConverterClass>> = {
  'org.apache.kafka.connect.json.JsonConverter': JsonConverter,
  'org.apache.kafka.connect.storage.StringConverter': StringConverter,
  'org.apache.kafka.connect.converters.ByteArrayConverter': ByteArrayConverter,
  'org.apache.kafka.connect.converters.BooleanConverter': BooleanConverter,
  'org.apache.kafka.connect.converters.ShortConverter': ShortConverter,
  'org.apache.kafka.connect.converters.IntegerConverter': IntegerConverter,
  'org.apache.kafka.connect.converters.LongConverter': LongConverter,
  'org.apache.kafka.connect.converters.FloatConverter': FloatConverter,
  'org.apache.kafka.connect.converters.DoubleConverter': DoubleConverter,
}

/** The Apache Kafka whose classes these are: configs that ask for a version of them (KIP-891) mean this. */
const KAFKA_VERSION = '4.3.1'

/** What every worker has, under the class names of Apache Kafka. */
export const builtinPlugins: readonly Plugin[] = [
  definePlugin({
    name: 'naru',
    version: KAFKA_VERSION,
    converters,
    headerConverters: {
      'org.apache.kafka.connect.storage.SimpleHeaderConverter': SimpleHeaderConverter,
      ...Object.fromEntries(Object.entries(converters).map(([name, of]) => [name, headerConverterOf(of)])),
    },
    transformations,
    predicates,
    configProviders: {
      'org.apache.kafka.common.config.provider.FileConfigProvider': FileConfigProvider,
      'org.apache.kafka.common.config.provider.DirectoryConfigProvider': DirectoryConfigProvider,
      'org.apache.kafka.common.config.provider.EnvVarConfigProvider': EnvVarConfigProvider,
    },
  }),
]

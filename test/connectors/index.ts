import { definePlugin } from 'naru/api'
import {
  BlockingConnector,
  BlockingSinkConnector,
  BlockingSourceConnector,
  ConfigBlockingConnector,
} from './blocking.ts'
import {
  FaultyPassthrough,
  TestConverterWithConstructorThatThrowsException,
  TestConverterWithNoConfigDef,
  TestConverterWithSinglePropertyConfigDef,
} from './misfits.ts'
import { MockSinkConnector, MockSourceConnector } from './mock.ts'
import {
  EmptyTaskConfigsSinkConnector,
  ErrantRecordSinkConnector,
  MonitorableSinkConnector,
} from './monitorable-sink.ts'
import { MonitorableSourceConnector } from './monitorable-source.ts'
import { SchemaSourceConnector } from './schema-source.ts'
import { VerifiableSinkConnector, VerifiableSourceConnector } from './verifiable.ts'

const IT = 'org.apache.kafka.connect.integration'
const TOOLS = 'org.apache.kafka.connect.tools'

/** Kafka Connect's own test connectors under their names, for suites that expect them. Handles on them: test/acceptance/support. */
export default definePlugin({
  name: 'test-connectors',
  version: '1.0.0',
  connectors: {
    [`${IT}.MonitorableSourceConnector`]: MonitorableSourceConnector,
    [`${IT}.MonitorableSinkConnector`]: MonitorableSinkConnector,
    [`${IT}.EmptyTaskConfigsSinkConnector`]: EmptyTaskConfigsSinkConnector,
    [`${IT}.ErrantRecordSinkConnector`]: ErrantRecordSinkConnector,
    [`${IT}.BlockingConnectorTest$BlockingConnector`]: BlockingConnector,
    [`${IT}.BlockingConnectorTest$ConfigBlockingConnector`]: ConfigBlockingConnector,
    [`${IT}.BlockingConnectorTest$BlockingSourceConnector`]: BlockingSourceConnector,
    [`${IT}.BlockingConnectorTest$BlockingSinkConnector`]: BlockingSinkConnector,
    [`${TOOLS}.MockSourceConnector`]: MockSourceConnector,
    [`${TOOLS}.MockSinkConnector`]: MockSinkConnector,
    [`${TOOLS}.SchemaSourceConnector`]: SchemaSourceConnector,
    [`${TOOLS}.VerifiableSourceConnector`]: VerifiableSourceConnector,
    [`${TOOLS}.VerifiableSinkConnector`]: VerifiableSinkConnector,
  },
  converters: {
    [`${IT}.TestConverterWithConstructorThatThrowsException`]: TestConverterWithConstructorThatThrowsException,
    [`${IT}.TestConverterWithSinglePropertyConfigDef`]: TestConverterWithSinglePropertyConfigDef,
    [`${IT}.TestConverterWithNoConfigDef`]: TestConverterWithNoConfigDef,
  },
  headerConverters: {
    [`${IT}.TestConverterWithConstructorThatThrowsException`]: TestConverterWithConstructorThatThrowsException,
    [`${IT}.TestConverterWithSinglePropertyConfigDef`]: TestConverterWithSinglePropertyConfigDef,
    [`${IT}.TestConverterWithNoConfigDef`]: TestConverterWithNoConfigDef,
  },
  transformations: { [`${IT}.ErrorHandlingIntegrationTest$FaultyPassthrough`]: FaultyPassthrough },
})

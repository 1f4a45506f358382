import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Logger } from '../../../runtime/api/index.ts'
import { clientOptions, consumerOptions, fetcherOptions, warnUnknown } from '../../../runtime/kafka/client-options.ts'

const BASE = { 'bootstrap.servers': 'one:9092, [::1]:9093,PLAINTEXT://two:9094' }

test('properties are read under Kafka’s names and defaults', () => {
  const options = fetcherOptions({ ...BASE, 'fetch.max.wait.ms': '7', 'isolation.level': 'read_committed' })
  assert.deepEqual(options.bootstrap, [
    { host: 'one', port: 9092 },
    { host: '::1', port: 9093 },
    { host: 'two', port: 9094 },
  ])
  assert.equal(options.fetchMaxWaitMs, 7)
  assert.equal(options.isolation, 'read_committed')
  assert.equal(options.requestTimeoutMs, 30_000)
  assert.equal(options.reconnectBackoffMs, 50)
})

test('a wrong value is an error that names the key', () => {
  assert.throws(() => clientOptions({}), { key: 'bootstrap.servers' })
  assert.throws(() => clientOptions({ 'bootstrap.servers': 'nowhere' }), {
    key: 'bootstrap.servers',
    message: /'nowhere' is not host:port/,
  })
  assert.throws(() => clientOptions({ ...BASE, 'request.timeout.ms': 'soon' }), { key: 'request.timeout.ms' })
  assert.throws(() => consumerOptions(BASE), { key: 'group.id' })
  assert.throws(() => fetcherOptions({ ...BASE, 'auto.offset.reset': 'middle' }), { key: 'auto.offset.reset' })
})

test('what is not there yet is refused by name instead of being passed over', () => {
  assert.throws(() => clientOptions({ ...BASE, 'security.protocol': 'SASL_SSL' }), {
    key: 'sasl.mechanism',
    message: /Kerberos is not available/,
  })
})

test('an unknown property is warned of by name, with the one that was probably meant', () => {
  const warnings: string[] = []
  const logger: Logger = {
    debug() {},
    info() {},
    warn: (message) => void warnings.push(message),
    error() {},
    child: () => logger,
  }
  warnUnknown({ ...BASE, 'linger.mz': '1', 'key.serializer': 'x', 'fetch.min.bytes': '1', acks: 'all' }, logger)
  assert.deepEqual(warnings, ["unknown Kafka client property 'linger.mz': did you mean 'linger.ms'?"])
})

import { ConfigError, configDef, validators } from '../api/index.ts'
import { headerRules } from './header-rules.ts'
import { noEmptyValues, rule } from './key-rules.ts'
import { recoveryWorkerKeys } from './recovery-keys.ts'
import { key } from './worker-key.ts'

const { all, atLeast, list, oneOf, oneOfIgnoreCase } = validators

const listeners = rule('http://host:port or https://host:port', (key, value) => {
  const urls = value as readonly string[]
  for (const listener of urls) {
    if (!/^https?:\/\/\[?[0-9a-zA-Z\-%._:]*\]?:-?[0-9]+$/i.test(listener))
      throw ConfigError.invalid(key, listener, 'Listener must look like http://host:port or https://host:port')
  }
  if (urls.length > 0) return
  const example = 'http://localhost:8080,https://localhost:8443'
  throw new ConfigError(key, `Invalid value for ${key}, at least one URL is expected, ex: ${example}.`)
})

/** What distributed and standalone workers have in common (org.apache.kafka.connect.runtime.WorkerConfig), and ours at the end. */
export const commonWorkerDef = configDef({
  'bootstrap.servers': key({
    type: 'LIST',
    validator: all(list({ empty: false }), noEmptyValues),
    documentation: 'Kafka brokers to begin with, host:port.',
  }),
  'client.dns.lookup': key({
    type: 'STRING',
    default: 'use_all_dns_ips',
    validator: oneOf('use_all_dns_ips', 'resolve_canonical_bootstrap_servers_only'),
    documentation: 'How host names of brokers are looked up.',
  }),
  'client.id': key({ type: 'STRING', default: '', documentation: 'Part of the client ids that brokers see.' }),
  'key.converter': key({ type: 'CLASS', documentation: 'Converter of record keys, for connectors that name none.' }),
  'value.converter': key({
    type: 'CLASS',
    documentation: 'Converter of record values, for connectors that name none.',
  }),
  'header.converter': key({
    type: 'CLASS',
    default: 'org.apache.kafka.connect.storage.SimpleHeaderConverter',
    documentation: 'Converter of record headers, for connectors that name none.',
  }),
  'key.converter.plugin.version': key({
    type: 'STRING',
    default: null,
    documentation: 'Version of the key converter.',
  }),
  'value.converter.plugin.version': key({
    type: 'STRING',
    default: null,
    documentation: 'Version of the value converter.',
  }),
  'header.converter.plugin.version': key({
    type: 'STRING',
    default: null,
    documentation: 'Version of the header converter.',
  }),
  'task.shutdown.graceful.timeout.ms': key({
    type: 'LONG',
    default: 5000,
    documentation: 'Time that all tasks together have to stop before they are ended.',
  }),
  'offset.flush.interval.ms': key({ type: 'LONG', default: 60_000, documentation: 'Interval of offset commits.' }),
  'offset.flush.timeout.ms': key({
    type: 'LONG',
    default: 5000,
    documentation: 'Time for records to be flushed and offsets to be written.',
  }),
  'plugin.path': key({
    type: 'LIST',
    default: [],
    validator: noEmptyValues,
    documentation: 'Folders whose sub-folders are plugins.',
  }),
  'plugin.discovery': key({
    type: 'STRING',
    default: 'hybrid_warn',
    validator: oneOfIgnoreCase('ONLY_SCAN', 'SERVICE_LOAD', 'HYBRID_WARN', 'HYBRID_FAIL'),
    documentation: 'Accepted for compatibility: plugins are always found by their package.json.',
  }),
  'metrics.sample.window.ms': key({
    type: 'LONG',
    default: 30_000,
    validator: atLeast(0),
    documentation: 'Window of a rate.',
  }),
  'metrics.num.samples': key({
    type: 'INT',
    default: 2,
    validator: atLeast(1),
    documentation: 'Windows kept per rate.',
  }),
  'metrics.recording.level': key({
    type: 'STRING',
    default: 'INFO',
    validator: oneOf('INFO', 'DEBUG'),
    documentation: 'Detail of metrics.',
  }),
  'metric.reporters': key({
    type: 'LIST',
    default: ['org.apache.kafka.common.metrics.JmxReporter'],
    documentation: 'Accepted for compatibility: metrics are served at /metrics.',
  }),
  'config.providers': key({
    type: 'LIST',
    default: [],
    documentation: 'Names of config providers, each with config.providers.<name>.class.',
  }),
  'connector.client.config.override.policy': key({
    type: 'STRING',
    default: 'All',
    documentation: 'Which Kafka client settings connectors may override: All, None, Principal or Allowlist.',
  }),
  'connector.client.config.override.allowlist': key({
    type: 'LIST',
    default: [],
    documentation: 'The settings that the Allowlist policy allows.',
  }),
  'topic.creation.enable': key({
    type: 'BOOLEAN',
    default: true,
    documentation: 'Source connectors may have topics created as they configure.',
  }),
  'topic.tracking.enable': key({
    type: 'BOOLEAN',
    default: true,
    documentation: 'Keep the set of topics each connector uses.',
  }),
  'topic.tracking.allow.reset': key({
    type: 'BOOLEAN',
    default: true,
    documentation: 'Allow resetting that set over REST.',
  }),
  listeners: key({
    type: 'LIST',
    default: ['http://:8083'],
    validator: listeners,
    documentation: 'Addresses of the REST API.',
  }),
  'rest.advertised.host.name': key({
    type: 'STRING',
    default: null,
    documentation: 'Host name that other workers reach this one by.',
  }),
  'rest.advertised.port': key({
    type: 'INT',
    default: null,
    documentation: 'Port that other workers reach this one by.',
  }),
  'rest.advertised.listener': key({
    type: 'STRING',
    default: null,
    documentation: 'Protocol that other workers reach this one by.',
  }),
  'access.control.allow.origin': key({ type: 'STRING', default: '', documentation: 'CORS: allowed origin.' }),
  'access.control.allow.methods': key({ type: 'STRING', default: '', documentation: 'CORS: allowed methods.' }),
  'response.http.headers.config': key({
    type: 'STRING',
    default: '',
    validator: headerRules,
    documentation: 'Headers added to REST replies.',
  }),
  'ssl.client.auth': key({
    type: 'STRING',
    default: 'none',
    validator: oneOf('required', 'requested', 'none'),
    documentation: 'Are client certificates asked for by https listeners?',
  }),
  'rest.extension.classes': key({
    type: 'LIST',
    default: [],
    validator: noEmptyValues,
    documentation: 'REST extensions.',
  }),
  'rest.request.timeout.ms': key({
    type: 'LONG',
    default: 90_000,
    validator: atLeast(1),
    documentation: 'Time for a REST request to be answered. Health checks have at most 10 s of it.',
  }),
  'rest.basic.auth.file': key({
    type: 'STRING',
    default: null,
    documentation: 'Properties file of user=password for the basic authentication extension, instead of a JAAS file.',
  }),
  'admin.listeners': key({
    type: 'LIST',
    default: null,
    documentation: 'Listeners of the admin endpoints; empty: switched off.',
  }),
  'task.threads.max': key({
    type: 'INT',
    default: null,
    validator: atLeast(1),
    documentation: 'Threads for tasks; beyond it tasks share the least loaded thread. Default: two per processor.',
  }),
  'task.isolation': key({
    type: 'STRING',
    default: 'shared',
    validator: oneOf('process', 'dedicated', 'shared', 'inline'),
    documentation:
      'How tasks run when their connector does not say. process: in a child process per connector, so that a plugin which fills its heap ends that alone; dedicated: in a thread of their own; shared: in one of task.threads.max; inline: in the main thread.',
  }),
  ...recoveryWorkerKeys,
  'task.memory.max.mb': key({
    type: 'INT',
    default: null,
    validator: atLeast(32),
    documentation:
      'Memory (heap and buffers) beyond which a task thread is ended and its tasks fail. Default: a quarter of the memory, at least 512.',
  }),
  'log.level': key({
    type: 'STRING',
    default: 'INFO',
    validator: oneOfIgnoreCase('OFF', 'FATAL', 'ERROR', 'WARN', 'INFO', 'DEBUG', 'TRACE', 'ALL'),
    documentation: 'Level of the root logger.',
  }),
  'log.format': key({
    type: 'STRING',
    default: null,
    validator: oneOf('text', 'json'),
    documentation: 'Lines for people or for machines. Default: text on a terminal.',
  }),
})

/** org.apache.kafka.connect.runtime.standalone.StandaloneConfig */
export const standaloneWorkerDef = configDef({
  'offset.storage.file.filename': key({ type: 'STRING', importance: 'HIGH', documentation: 'File of source offsets.' }),
})

/** Removed from Kafka Connect; a worker that still has them gets a warning. */
export const REMOVED_KEYS: readonly string[] = [
  'internal.key.converter',
  'internal.value.converter',
  'rest.host.name',
  'rest.port',
]

/** Kafka client settings that a worker's file may hold without a prefix, beyond the definitions above. */
export const CLIENT_KEYS: readonly string[] = [
  'send.buffer.bytes',
  'receive.buffer.bytes',
  'reconnect.backoff.ms',
  'reconnect.backoff.max.ms',
  'socket.connection.setup.timeout.ms',
  'socket.connection.setup.timeout.max.ms',
  'connections.max.idle.ms',
  'default.api.timeout.ms',
  'security.protocol',
  'security.providers',
  'metadata.recovery.strategy',
  'metadata.recovery.rebootstrap.trigger.ms',
  'auto.include.jmx.reporter',
  'java.security.auth.login.config',
  'enable.metrics.push',
]

/** Keys below these belong to somebody else: a client, a converter, a provider, a topic. */
export const OPEN_PREFIXES: readonly string[] = [
  'producer.',
  'consumer.',
  'admin.',
  'key.converter.',
  'value.converter.',
  'header.converter.',
  'config.providers.',
  'config.storage.',
  'offset.storage.',
  'status.storage.',
  'listeners.https.',
  'admin.listeners.https.',
  'ssl.',
  'sasl.',
  'metrics.context.',
  'metrics.jmx.',
]

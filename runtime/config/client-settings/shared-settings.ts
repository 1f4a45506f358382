import type { ClientSetting } from './client-setting.ts'

/** What producers, consumers and admin clients have in common beside security. */
export const SHARED_SETTINGS: readonly ClientSetting[] = [
  ['client.dns.lookup', 'STRING', 'MEDIUM', 'use_all_dns_ips'],
  ['send.buffer.bytes', 'INT', 'MEDIUM', '131072'],
  ['reconnect.backoff.ms', 'LONG', 'LOW', '50'],
  ['reconnect.backoff.max.ms', 'LONG', 'LOW', '1000'],
  ['retry.backoff.ms', 'LONG', 'LOW', '100'],
  ['retry.backoff.max.ms', 'LONG', 'LOW', '1000'],
  ['request.timeout.ms', 'INT', 'MEDIUM', '30000'],
  ['metadata.max.age.ms', 'LONG', 'LOW', '300000'],
  ['metrics.sample.window.ms', 'LONG', 'LOW', '30000'],
  ['metrics.num.samples', 'INT', 'LOW', '2'],
  ['metrics.recording.level', 'STRING', 'LOW', 'INFO'],
  ['metric.reporters', 'LIST', 'LOW', 'org.apache.kafka.common.metrics.JmxReporter'],
  ['socket.connection.setup.timeout.ms', 'LONG', 'MEDIUM', '10000'],
  ['socket.connection.setup.timeout.max.ms', 'LONG', 'MEDIUM', '30000'],
  ['metadata.recovery.strategy', 'STRING', 'LOW', 'rebootstrap'],
  ['metadata.recovery.rebootstrap.trigger.ms', 'LONG', 'LOW', '300000'],
  ['config.providers', 'LIST', 'LOW', ''],
]

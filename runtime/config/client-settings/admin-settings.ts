import type { ClientSetting } from './client-setting.ts'

/** The settings of admin clients only, or with a default of their own. */
export const ADMIN_SETTINGS: readonly ClientSetting[] = [
  ['bootstrap.servers', 'LIST', 'HIGH', ''],
  ['bootstrap.controllers', 'LIST', 'HIGH', ''],
  ['client.id', 'STRING', 'MEDIUM', ''],
  ['receive.buffer.bytes', 'INT', 'MEDIUM', '65536'],
  ['enable.metrics.push', 'BOOLEAN', 'LOW', 'false'],
  ['connections.max.idle.ms', 'LONG', 'MEDIUM', '300000'],
  ['retries', 'INT', 'LOW', '2147483647'],
  ['default.api.timeout.ms', 'INT', 'MEDIUM', '60000'],
]

/** The worker of `demo` and `dev`: alone in its group, so nothing has to wait for others. */
export function workerProps(of: {
  readonly bootstrap: string
  readonly restPort: number
  readonly plugins?: string | undefined
}): Record<string, string> {
  const json = 'org.apache.kafka.connect.json.JsonConverter'
  return {
    'bootstrap.servers': of.bootstrap,
    'group.id': 'naru',
    'config.storage.topic': 'naru-configs',
    'offset.storage.topic': 'naru-offsets',
    'status.storage.topic': 'naru-status',
    'config.storage.replication.factor': '1',
    'offset.storage.replication.factor': '1',
    'status.storage.replication.factor': '1',
    'offset.storage.partitions': '5',
    'key.converter': json,
    'key.converter.schemas.enable': 'false',
    'value.converter': json,
    'value.converter.schemas.enable': 'false',
    'offset.flush.interval.ms': '1000',
    'scheduled.rebalance.max.delay.ms': '0',
    'task.shutdown.graceful.timeout.ms': '1500',
    'errors.task.restart.enable': 'true',
    ...(of.plugins === undefined ? {} : { 'plugin.path': of.plugins }),
    listeners: `http://127.0.0.1:${of.restPort}`,
  }
}

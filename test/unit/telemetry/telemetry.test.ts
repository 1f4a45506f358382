import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DataError, ConnectError } from '../../../runtime/api/index.ts'
import { createLogger } from '../../../runtime/telemetry/logger.ts'
import type { LoggerOptions, RootLogger } from '../../../runtime/telemetry/logger.ts'
import { metricName, Metrics } from '../../../runtime/telemetry/metrics.ts'
import { Rate } from '../../../runtime/telemetry/rate.ts'
import { stackTrace } from '../../../runtime/telemetry/stack-trace.ts'

function logged(options: LoggerOptions): { logger: RootLogger; lines: string[] } {
  const lines: string[] = []
  return { lines, logger: createLogger({ ...options, destination: { write: (line) => lines.push(line) } }) }
}

describe('the logger', () => {
  test('writes one calm line with its context', () => {
    const { logger, lines } = logged({})
    logger.child('[orders|task-0]').info('started', { partitions: 3 })
    assert.match(lines[0]!, /^\d\d:\d\d:\d\d\.\d{3} info {2}\[orders\|task-0\] started partitions=3\n$/)
  })

  test('hides secrets', () => {
    const { logger, lines } = logged({ format: 'json' })
    logger.info('config', { 'database.password': 'hunter2', nested: { token: 'abc' } })
    assert.doesNotMatch(lines[0]!, /hunter2|abc/)
    assert.match(lines[0]!, /\[hidden\]/)
  })

  test('takes levels per name at run time', () => {
    const { logger, lines } = logged({ level: 'warn' })
    const orders = logger.child('[orders|task-0]')
    orders.info('no')
    logger.levels.set('connectors.orders', 'debug')
    orders.debug('yes')
    logger.child('[other|task-0]').info('no')
    assert.equal(lines.length, 1)
  })
})

describe('a stack trace', () => {
  test('looks like one of Java, with causes', () => {
    const error = new ConnectError('Tolerance exceeded in error handler', { cause: new DataError('not JSON') })
    const trace = stackTrace(error)
    assert.match(
      trace,
      /^org\.apache\.kafka\.connect\.errors\.ConnectException: Tolerance exceeded in error handler\n\tat /,
    )
    assert.match(trace, /\nCaused by: org\.apache\.kafka\.connect\.errors\.DataException: not JSON\n\tat /)
  })
})

describe('metrics', () => {
  test('are shown with the names of Connect', async () => {
    const metrics = new Metrics()
    const name = metricName('source-task-metrics', 'source-record-poll-total')
    metrics.report('task a-0', [{ name, labels: { connector: 'a', task: '0' }, value: 7 }])
    assert.match(
      await metrics.text(),
      /# TYPE kafka_connect_source_task_metrics_source_record_poll_total counter\nkafka_connect_source_task_metrics_source_record_poll_total\{connector="a",task="0"\} 7/,
    )
    metrics.remove('task a-0')
    assert.doesNotMatch(await metrics.text(), /kafka_connect_source/)
  })

  test('a rate is that of the last window', () => {
    const rate = new Rate(10_000)
    assert.equal(rate.at(0, 0), 0)
    assert.equal(rate.at(5_000, 500), 100)
    rate.at(10_000, 500)
    assert.equal(rate.at(20_000, 500), 0)
  })
})

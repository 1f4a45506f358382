import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DataError, ConnectError } from '../../../runtime/api/index.ts'
import { LongConverter } from '../../../runtime/converters/number-converters.ts'
import { createLogger } from '../../../runtime/telemetry/logger.ts'
import type { LoggerOptions, RootLogger } from '../../../runtime/telemetry/logger.ts'
import { metricName, Metrics } from '../../../runtime/telemetry/metrics.ts'
import { Rate } from '../../../runtime/telemetry/rate.ts'
import { errorLine, stackTrace } from '../../../runtime/telemetry/stack-trace.ts'
import { WindowedStatistics } from '../../../runtime/telemetry/windowed-statistics.ts'

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

  test('and a log line, say why bytes were refused, behind the words of Kafka Connect', () => {
    const read = (): unknown => new LongConverter().toConnectData('t', Buffer.from('three'))
    assert.throws(read, (error) => {
      assert.equal(errorLine(error), 'Failed to deserialize long: 8 bytes are expected, there are 5')
      assert.match(
        stackTrace(error),
        /\nCaused by: org\.apache\.kafka\.common\.errors\.SerializationException: 8 bytes are expected, there are 5\n\tat /,
      )
      return true
    })
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
    const rate = new Rate({ 'metrics.sample.window.ms': 5_000, 'metrics.num.samples': 2 }, 0)
    assert.equal(rate.at(0, 0), 0)
    assert.equal(rate.at(5_000, 500), 100)
    rate.at(10_000, 500)
    assert.equal(rate.at(20_000, 500), 0)
  })

  test('averages and extremes are those of the last windows, however often somebody looks', () => {
    const statistics = new WindowedStatistics({ 'metrics.sample.window.ms': 1_000, 'metrics.num.samples': 2 })
    assert.deepEqual(statistics.at(0), { count: 0, avg: 0, min: 0, max: 0 })
    statistics.add(2, 0)
    statistics.add(10, 500)
    assert.deepEqual(statistics.at(900), { count: 2, avg: 6, min: 2, max: 10 })
    assert.deepEqual(statistics.at(900), { count: 2, avg: 6, min: 2, max: 10 })
    statistics.add(3, 1_000)
    assert.deepEqual(statistics.at(1_999), { count: 3, avg: 5, min: 2, max: 10 })
    assert.deepEqual(statistics.at(2_000), { count: 1, avg: 3, min: 3, max: 3 })
    assert.deepEqual(statistics.at(3_000), { count: 0, avg: 0, min: 0, max: 0 })
  })

  test('rates go over at least all windows but the last, as those of Kafka', () => {
    const statistics = new WindowedStatistics({ 'metrics.sample.window.ms': 1_000, 'metrics.num.samples': 2 })
    assert.deepEqual(statistics.rates(0), { events: 0, sum: 0 })
    statistics.add(30, 0)
    statistics.add(10, 0)
    assert.deepEqual(statistics.rates(0), { events: 2, sum: 40 })
    assert.deepEqual(statistics.rates(600), { events: 2 / 1.6, sum: 40 / 1.6 })
    assert.deepEqual(statistics.rates(1_600), { events: 2 / 1.6, sum: 40 / 1.6 })
    assert.deepEqual(statistics.rates(2_000), { events: 0, sum: 0 })
  })

  test('of a task that failed the totals stay, what was true only then goes', () => {
    const metrics = new Metrics()
    const labels = { connector: 'a', task: '0' }
    const of = (group: string, attribute: string, value: number) => ({
      ...{ name: metricName(group, attribute), labels, value },
    })
    const errors = of('task-error-metrics', 'total-record-errors', 1)
    const read = of('sink-task-metrics', 'sink-record-read-total', 7)
    metrics.report('task a-0', [errors, read, of('sink-task-metrics', 'sink-record-read-rate', 3)])
    metrics.settle('task a-0')
    const count = { name: 'kafka_connect_kafka_metrics_count_count', labels: {}, value: 3 }
    assert.deepEqual(metrics.samples(), [errors, read, count])
  })
})

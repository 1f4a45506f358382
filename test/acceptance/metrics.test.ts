import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startConnectCluster, TEST_CONNECTORS, until } from './support/connect-cluster.ts'
import type { ConnectCluster } from './support/connect-cluster.ts'
import { Scrape } from './support/metrics.ts'

const STRING = 'org.apache.kafka.connect.storage.StringConverter'
const JSON_CONVERTER = 'org.apache.kafka.connect.json.JsonConverter'

/** Drops the records that have the header `name`. */
const dropsHeader = (name: string) => ({
  transforms: 'drop',
  'transforms.drop.type': 'org.apache.kafka.connect.transforms.Filter',
  'transforms.drop.predicate': 'marked',
  predicates: 'marked',
  'predicates.marked.type': 'org.apache.kafka.connect.transforms.predicates.HasHeaderKey',
  'predicates.marked.name': name,
})

const TASK = [
  'batch-size-max',
  'batch-size-avg',
  'offset-commit-failure-percentage',
  'offset-commit-success-percentage',
]
const ERRORS = [
  'total-record-failures',
  'total-record-errors',
  'total-records-skipped',
  'total-retries',
  'total-errors-logged',
  'deadletterqueue-produce-requests',
  'deadletterqueue-produce-failures',
]

describe('the metrics of a worker say what happened', { timeout: 600_000 }, () => {
  let cluster: ConnectCluster
  let source: string
  let sink: string
  let failing: string
  let started: number
  let input: string
  before(async () => {
    cluster = await startConnectCluster({ workerProps: { 'plugin.path': TEST_CONNECTORS } })
    ;[source, sink, failing] = ['source', 'sink', 'failing'].map((each) => cluster.name(each)) as [
      string,
      string,
      string,
    ]
    input = await cluster.createTopic('in', 2)
    // All at once: tasks report every few seconds.
    const topic = await cluster.createTopic('out')
    await cluster.configure(source, {
      'connector.class': 'MonitorableSourceConnector',
      'tasks.max': '1',
      topic,
      'messages.per.poll': '10',
      'max.messages': '100',
      ...dropsHeader('header-7'),
    })
    await cluster.kafka.produce(input, [
      ...Array.from({ length: 20 }, (_, n) => ({ value: JSON.stringify({ n }), partition: n % 2 })),
      { value: '{"n":20}', headers: { dropped: 'yes' } },
      'this is no JSON',
    ])
    started = Date.now()
    await cluster.configure(sink, {
      'connector.class': 'MonitorableSinkConnector',
      'tasks.max': '1',
      topics: input,
      'task.isolation': 'inline',
      'value.converter': JSON_CONVERTER,
      'value.converter.schemas.enable': 'false',
      'errors.tolerance': 'all',
      'errors.log.enable': 'true',
      'errors.deadletterqueue.topic.name': cluster.name('dead'),
      'errors.deadletterqueue.topic.replication.factor': '1',
      ...dropsHeader('dropped'),
    })
    const poison = await cluster.createTopic('poison')
    await cluster.kafka.produce(poison, ['no JSON'])
    await cluster.configure(failing, {
      'connector.class': 'MonitorableSinkConnector',
      topics: poison,
      'value.converter': JSON_CONVERTER,
    })
  })
  after(() => cluster[Symbol.asyncDispose]())

  /** Tasks report every few seconds: waits for the scrape in which `holds`. */
  async function scraped(what: string, holds: (scrape: Scrape) => boolean): Promise<Scrape> {
    let last: Scrape | undefined
    await until(what, async () => {
      last = await Scrape.text(cluster.worker)
      return (
        holds(last) || last.samples.filter(({ name }) => name.includes('sink_task') || name.includes('source_task'))
      )
    })
    return last!
  }

  test('of a source with a transformation that filters', async () => {
    await cluster.connector(source).awaitCommits(100)
    const of = { connector: source, task: '0' }
    const seen = await scraped(
      'the source has committed',
      (each) => each.value('connector-task-metrics offset-commit-success-percentage', of) === 1,
    )
    assert.deepEqual(
      seen.values('source-task-metrics', of, [
        'source-record-poll-total',
        'source-record-write-total',
        'source-record-active-count',
        'transaction-size-max',
      ]),
      {
        'source-record-poll-total': 100,
        'source-record-write-total': 99,
        'source-record-active-count': 0,
        'transaction-size-max': 0,
      },
    )
    assert.deepEqual(Object.values(seen.values('connector-task-metrics', of, TASK)), [10, 10, 0, 1])
    assert.deepEqual(Object.values(seen.values('task-error-metrics', of, ERRORS)), [0, 0, 0, 0, 0, 0, 0])
    assert.equal(seen.value('task-error-metrics last-error-timestamp', of), 0)
    for (const positive of [
      'source-record-poll-rate',
      'source-record-write-rate',
      'poll-batch-max-time-ms',
      'poll-batch-avg-time-ms',
      'source-record-active-count-max',
      'source-record-active-count-avg',
    ])
      assert.ok(seen.value(`source-task-metrics ${positive}`, of)! > 0, positive)
    assert.ok(seen.value('connector-task-metrics offset-commit-max-time-ms', of)! > 0)
    assert.ok(seen.value('connector-task-metrics offset-commit-avg-time-ms', of)! > 0)
    assert.equal(seen.text('connector-task-metrics status', of), 'running')
    assert.equal(
      seen.text('connector-transform-metrics transform-class', { ...of, transform: 'drop' }),
      'org.apache.kafka.connect.transforms.Filter',
    )
    assert.equal(
      seen.text('connector-predicate-metrics predicate-class', { ...of, predicate: 'marked' }),
      'org.apache.kafka.connect.transforms.predicates.HasHeaderKey',
    )
    assert.equal(seen.text('connector-task-metrics value-converter-class', of), STRING)
    assert.equal(seen.text('connector-metrics connector-type', { connector: source }), 'source')
    assert.match(
      seen.text('connector-metrics connector-class', { connector: source })!,
      /^(org\.apache\.kafka\.connect\.integration\.)?MonitorableSourceConnector$/,
    )
    assert.equal(seen.text('connector-metrics connector-version', { connector: source }), 'unknown')
    assert.equal(seen.text('connector-metrics status', { connector: source }), 'running')
  })

  test('of a sink with a poison record, in a task of the main thread', async () => {
    await cluster.connector(sink).awaitCommits(20)
    const of = { connector: sink, task: '0' }
    const seen = await scraped(
      'the sink has committed all',
      (each) =>
        each.value('sink-task-metrics sink-record-read-total', of) === 22 &&
        each.value('sink-task-metrics sink-record-active-count', of) === 0,
    )
    assert.deepEqual(
      seen.values('sink-task-metrics', of, [
        'sink-record-send-total',
        'partition-count',
        'sink-record-lag-max',
        'offset-commit-skip-total',
        'offset-commit-skip-rate',
      ]),
      {
        'sink-record-send-total': 20,
        'partition-count': 2,
        'sink-record-lag-max': 0,
        'offset-commit-skip-total': 0,
        'offset-commit-skip-rate': 0,
      },
    )
    const commits = seen.value('sink-task-metrics offset-commit-completion-total', of)!
    assert.ok(commits >= 1)
    assert.equal(seen.value('sink-task-metrics offset-commit-seq-no', of), commits)
    for (const positive of [
      'sink-record-read-rate',
      'sink-record-send-rate',
      'offset-commit-completion-rate',
      'put-batch-max-time-ms',
      'put-batch-avg-time-ms',
      'sink-record-active-count-max',
    ])
      assert.ok(seen.value(`sink-task-metrics ${positive}`, of)! > 0, positive)
    const average = seen.value('sink-task-metrics sink-record-active-count-avg', of)!
    assert.ok(average > 0 && average <= 22, String(average))
    const [max = 0, avg = 0, failed, succeeded] = Object.values(seen.values('connector-task-metrics', of, TASK))
    assert.ok(avg > 0 && avg <= max && max <= 20, `${avg} ${max}`)
    assert.deepEqual([failed, succeeded], [0, 1])
    assert.deepEqual(Object.values(seen.values('task-error-metrics', of, ERRORS)), [1, 1, 1, 0, 1, 1, 0])
    const at = seen.value('task-error-metrics last-error-timestamp', of)!
    assert.ok(at >= started && at <= Date.now(), String(at))
    const ratios = seen.values('connector-task-metrics', of, ['running-ratio', 'pause-ratio'])
    assert.ok(ratios['running-ratio']! > 0 && ratios['running-ratio']! <= 1, JSON.stringify(ratios))
    assert.equal(ratios['pause-ratio'], 0)
  })

  test('of a task that failed: its totals stay', async () => {
    await cluster.inState(failing, 'RUNNING', 1, 'FAILED')
    const of = { connector: failing, task: '0' }
    const seen = await Scrape.text(cluster.worker)
    assert.deepEqual(Object.values(seen.values('task-error-metrics', of, ERRORS)), [1, 1, 0, 0, 0, 0, 0])
    assert.equal(seen.value('sink-task-metrics sink-record-read-total', of), 1)
    assert.equal(seen.value('sink-task-metrics sink-record-lag-max', of), undefined)
    assert.equal(seen.text('connector-task-metrics status', of), 'failed')
    assert.equal(seen.value('connect-worker-metrics connector-failed-task-count', { connector: failing }), 1)
  })

  test('of a task that is paused, resumed and restarted', async () => {
    const of = { connector: sink, task: '0' }
    await cluster.transition(sink, 'pause')
    const paused = await scraped(
      'the sink is paused for a while',
      (each) => each.value('connector-task-metrics pause-ratio', of)! > 0,
    )
    assert.equal(paused.text('connector-task-metrics status', of), 'paused')
    assert.equal(paused.text('connector-metrics status', { connector: sink }), 'paused')
    const counts = ['total', 'running', 'paused', 'failed', 'unassigned', 'destroyed', 'restarting']
    const ofTasks = (scrape: Scrape): unknown[] =>
      counts.map((each) => scrape.value(`connect-worker-metrics connector-${each}-task-count`, { connector: sink }))
    assert.deepEqual(ofTasks(paused), [1, 0, 1, 0, 0, 0, 0])
    await cluster.transition(sink, 'resume')
    await cluster.running(sink, 1)

    const handle = cluster.connector(sink)
    const before = handle.task(0).counts
    await cluster.ask('POST', `/connectors/${sink}/restart?includeTasks=true`)
    await handle.task(0).awaitStarts(1, before)
    await cluster.kafka.produce(input, ['{"n":21}'])
    const again = await scraped(
      'the new task counts from 0',
      (each) => each.value('sink-task-metrics sink-record-read-total', of) === 1,
    )
    assert.deepEqual(ofTasks(again), [1, 1, 0, 0, 0, 0, 0])
    assert.equal(again.value('task-error-metrics total-record-errors', of), 0)
  })

  test('of the worker: starts, its group, and what it is; as text and as JSON', async () => {
    const [seen, json] = [await Scrape.text(cluster.worker), await Scrape.json(cluster.worker)]
    const startups = ['attempts-total', 'success-total', 'failure-total', 'success-percentage', 'failure-percentage']
    const client = { client_id: `connect-${cluster.worker.workerId}` }
    for (const kind of ['connector', 'task'] as const) {
      assert.deepEqual(
        Object.values(
          seen.values(
            'connect-worker-metrics',
            {},
            startups.map((each) => `${kind}-startup-${each}`),
          ),
        ),
        // Source, sink, the sink again, and the one that failed after its start.
        [4, 4, 0, 1, 0],
      )
      assert.equal(seen.value(`connect-worker-metrics ${kind}-count`), 3)
      assert.equal(seen.value(`connect-coordinator-metrics assigned-${kind}s`, client), 3)
    }
    for (const total of ['join', 'sync', 'rebalance', 'heartbeat'])
      assert.ok(seen.value(`connect-coordinator-metrics ${total}-total`, client)! >= 1, total)
    assert.ok(seen.value('connect-metrics outgoing-byte-total', client)! > 0)
    assert.ok(seen.value('kafka-metrics-count count', client)! > 60)
    const rebalance = (attribute: string): number =>
      seen.value(`connect-worker-rebalance-metrics ${attribute}`) ?? Number.NaN
    const epoch = rebalance('epoch')
    assert.ok(epoch >= 1)
    assert.ok(rebalance('completed-rebalances-total') >= 4 && rebalance('completed-rebalances-total') <= epoch)
    assert.equal(rebalance('rebalancing'), 0)
    assert.ok(rebalance('rebalance-avg-time-ms') > 0)
    assert.ok(rebalance('rebalance-max-time-ms') >= rebalance('rebalance-avg-time-ms'))
    assert.ok(rebalance('time-since-last-rebalance-ms') > 0)
    assert.equal(seen.text('connect-worker-rebalance-metrics connect-protocol'), 'SESSIONED')
    const { url, workerId } = cluster.worker
    assert.equal(seen.text('connect-worker-rebalance-metrics leader-name'), `${url}/`)
    const id = { id: workerId, client_id: workerId }
    const { body: root } = await cluster.ask<{ version: string; commit: string }>('GET', '/')
    assert.equal(seen.text('app-info version', id), root.version)
    assert.equal(seen.text('app-info commit-id', id), root.commit)
    const startedAt = seen.value('app-info start-time-ms', id)!
    assert.ok(startedAt <= Date.now() && startedAt > Date.now() - 180_000)

    const names = (scrape: Scrape): unknown[] => scrape.samples.map(({ name, labels }) => [name, labels])
    const sorted = (of: unknown[]): string[] => of.map((each) => JSON.stringify(each)).sort()
    assert.deepEqual(
      sorted(names(json).map((each) => (each as [string, object])[0])),
      sorted(names(seen).map((each) => (each as [string, object])[0])),
    )
    for (const name of ['source-record-write-total', 'source-record-poll-total'])
      assert.equal(
        json.value(`source-task-metrics ${name}`, { connector: source }),
        seen.value(`source-task-metrics ${name}`, { connector: source }),
      )
  })
})

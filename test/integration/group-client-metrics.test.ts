import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientMetrics } from '../../runtime/group/client-metrics.ts'
import { GroupMeter } from '../../runtime/kafka/group-meter.ts'
import type { GroupMember } from '../../runtime/kafka/group-member.ts'
import type { KafkaClients } from '../../runtime/kafka/kafka-clients.ts'
import { NetworkMeter } from '../../runtime/kafka/network-meter.ts'
import { silentLogger as logger } from '../../runtime/telemetry/context-logger.ts'
import { EventLoop } from '../../runtime/telemetry/event-loop.ts'
import { DEFAULT_WINDOW as window } from '../../runtime/telemetry/windowed-statistics.ts'
import { TestKafka, until } from '../acceptance/support/connect-cluster.ts'

/** What the beans of Apache Kafka Connect 4.3.1 with a client id have. */
const JAVA: Readonly<Record<string, readonly string[]>> = {
  'connect-metrics': words(`
    connection-close-rate connection-close-total connection-count connection-creation-rate connection-creation-total
    failed-authentication-rate failed-authentication-total failed-reauthentication-rate
    failed-reauthentication-total incoming-byte-rate incoming-byte-total io-ratio io-time-ns-avg io-time-ns-total
    io-wait-ratio io-wait-time-ns-avg io-wait-time-ns-total network-io-rate network-io-total outgoing-byte-rate
    outgoing-byte-total reauthentication-latency-avg reauthentication-latency-max request-rate request-size-avg
    request-size-max request-total response-rate response-total select-rate select-total
    successful-authentication-no-reauth-total successful-authentication-rate successful-authentication-total
    successful-reauthentication-rate successful-reauthentication-total`),
  'connect-node-metrics': words(`
    incoming-byte-rate incoming-byte-total outgoing-byte-rate outgoing-byte-total request-latency-avg
    request-latency-max request-rate request-size-avg request-size-max request-total response-rate response-total`),
  'connect-coordinator-metrics': words(`
    assigned-connectors assigned-tasks failed-rebalance-rate-per-hour failed-rebalance-total heartbeat-rate
    heartbeat-response-time-max heartbeat-total join-rate join-time-avg join-time-max join-total
    last-heartbeat-seconds-ago last-rebalance-seconds-ago rebalance-latency-avg rebalance-latency-max
    rebalance-latency-total rebalance-rate-per-hour rebalance-total sync-rate sync-time-avg sync-time-max sync-total`),
  'kafka-metrics-count': words(`
    count`),
}

class Metered implements AsyncDisposable {
  readonly #clientId: string
  readonly #network: NetworkMeter
  readonly #meter = new GroupMeter(window)
  readonly #loop = new EventLoop(window)
  readonly #stop = new AbortController()
  readonly member: GroupMember
  readonly life: Promise<void>

  constructor(clients: KafkaClients, clientId: string) {
    this.#clientId = clientId
    this.#network = new NetworkMeter({ clientId, window })
    this.member = clients.groupMember({
      ...{ groupId: 'counted', protocolType: 'connect', clientId, logger },
      ...{ sessionTimeoutMs: 30_000, rebalanceTimeoutMs: 30_000, heartbeatIntervalMs: 50 },
      ...{ network: this.#network, meter: this.#meter },
    })
    this.life = this.#live()
  }

  samples() {
    return clientMetrics({
      ...{ clientId: this.#clientId, network: this.#network, member: this.#meter, loop: this.#loop },
      work: { connectors: ['a'], tasks: [] },
    })
  }

  value(name: string, node?: string): number {
    const full = `kafka_connect_${name}`.replaceAll(/[- ]/g, '_')
    const found = this.samples().filter((each) => each.name === full && each.labels['node_id'] === node)
    assert.equal(found.length, 1, name)
    assert.equal(found[0]!.labels['client_id'], this.#clientId)
    return found[0]!.value
  }

  coordinator(attribute: string): number {
    return this.value(`connect-coordinator-metrics ${attribute}`)
  }

  network(attribute: string): number {
    return this.value(`connect-metrics ${attribute}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.life
    await this.member[Symbol.asyncDispose]()
  }

  /** Joins again at each rebalance. */
  async #live(): Promise<void> {
    const { signal } = this.#stop
    try {
      for (;;) {
        const offered = [{ name: 'p', metadata: Buffer.from('m') }]
        await this.member.join(
          offered,
          (members) => new Map(members.map(({ memberId }) => [memberId, Buffer.from('work')])),
          signal,
        )
        await this.member.nextEvent(signal)
      }
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }
}

test('what a client of the worker group does is counted under the names that Connect has', async () => {
  await using kafka = await TestKafka.start({ embedded: true })
  await using first = new Metered(kafka.clients, 'first')
  assert.deepEqual([first.coordinator('last-heartbeat-seconds-ago'), first.coordinator('rebalance-total')], [-1, 0])
  await until('the first has joined and lives', () => Promise.resolve(first.coordinator('heartbeat-total') >= 2))

  const counts = ['join-total', 'sync-total', 'rebalance-total', 'failed-rebalance-total']
  // the broker gives a member id first, which is a join that failed (KIP-394)
  assert.deepEqual(
    counts.map((each) => first.coordinator(each)),
    [1, 1, 1, 1],
  )
  assert.equal(first.coordinator('assigned-connectors'), 1)
  assert.ok(first.coordinator('last-heartbeat-seconds-ago') >= 0)
  assert.ok(first.coordinator('last-rebalance-seconds-ago') >= 0)
  assert.ok(first.coordinator('rebalance-rate-per-hour') > 0)
  assert.equal(first.coordinator('rebalance-latency-avg'), first.coordinator('rebalance-latency-total'))
  assert.ok(first.coordinator('rebalance-latency-max') >= first.coordinator('join-time-max'))

  let before: number
  {
    await using second = new Metered(kafka.clients, 'second')
    await until('both have joined', () =>
      Promise.resolve(first.coordinator('rebalance-total') >= 2 && second.coordinator('rebalance-total') >= 1),
    )
    assert.ok(first.coordinator('join-total') >= 2)
    before = first.coordinator('rebalance-total')
  }
  await until('the first is alone again', () => Promise.resolve(first.coordinator('rebalance-total') > before))

  // one look: nothing can happen in between
  const samples = first.samples()
  const by = (name: string, node?: string): number =>
    samples.find((each) => each.name === `kafka_connect_${name}` && each.labels['node_id'] === node)!.value
  const nodes = [...new Set(samples.map(({ labels }) => labels['node_id']))].filter((each) => each !== undefined)
  assert.ok(nodes.includes('node--1'), nodes.join())
  assert.ok(
    nodes.some((each) => /^node-2147\d{6}$/.test(each)),
    nodes.join(),
  )
  for (const total of ['request_total', 'response_total', 'outgoing_byte_total', 'incoming_byte_total'])
    assert.equal(
      by(`connect_metrics_${total}`),
      nodes.reduce((sum, node) => sum + by(`connect_node_metrics_${total}`, node), 0),
      total,
    )
  const [requests, responses] = [by('connect_metrics_request_total'), by('connect_metrics_response_total')]
  assert.ok(requests >= responses && responses > by('connect_coordinator_metrics_heartbeat_total'))
  assert.equal(by('connect_metrics_network_io_total'), requests + responses)
  const size = by('connect_metrics_outgoing_byte_total') / requests
  assert.ok(Math.abs(by('connect_metrics_request_size_avg') - size) < 1e-6)
  assert.ok(by('connect_metrics_request_size_max') > size)
  assert.ok(by('connect_metrics_connection_count') >= 2)
  assert.equal(by('connect_metrics_connection_creation_total'), by('connect_metrics_connection_count'))
  assert.ok(by('connect_metrics_select_total') > 0 && by('connect_metrics_io_time_ns_total') > 0)
  assert.equal(by('kafka_metrics_count_count'), samples.length)
  for (const [group, attributes] of Object.entries(JAVA)) {
    const prefix = `kafka_connect_${group}_`.replaceAll('-', '_')
    const names = [...new Set(samples.map(({ name }) => name))].filter((name) => name.startsWith(prefix)).sort()
    const expected = attributes.map((each) => prefix + each.replaceAll('-', '_')).sort()
    assert.deepEqual(names, expected)
  }

  await kafka.stop()
  await until('its connections are gone', () => Promise.resolve(first.network('connection-count') === 0))
  assert.equal(first.network('connection-close-total'), first.network('connection-creation-total'))
})

function words(text: string): readonly string[] {
  return text.trim().split(/\s+/)
}

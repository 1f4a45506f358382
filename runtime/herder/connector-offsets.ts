import type { SinkOffsetChange } from '../api/connector.ts'
import { ConfigError, ConnectError } from '../api/errors.ts'
import type { Props } from '../api/props.ts'
import { adminProps, sinkGroupId } from '../config/client-overrides.ts'
import type { Admin } from '../kafka/admin.ts'
import { KafkaClients } from '../kafka/kafka-clients.ts'
import { targetState } from '../storage/cluster-config-state.ts'
import type { ConnectorOffset } from './connector-offset.ts'
import type { ConnectorConfigs } from './connector-configs.ts'
import type { Leadership } from './leadership.ts'
import type { HerderParts } from './parts.ts'
import { parseSinkOffsets } from './sink-offsets.ts'
import { SourceOffsetStore } from './source-offset-store.ts'
import type { ZombieFencing } from './zombie-fencing.ts'

export type OffsetsChange = 'altered' | 'reset'

/** What a change of offsets needs to know of its connector. */
interface Subject {
  readonly name: string
  readonly type: 'source' | 'sink'
  /** Resolved: Invariant 5, for the connector's own class and its Kafka clients only. */
  readonly props: Props
  readonly signal: AbortSignal
}

/** Where a connector is: a source in the offset log, a sink in its consumer group. */
export class ConnectorOffsets {
  readonly #parts: HerderParts
  readonly #configs: ConnectorConfigs
  readonly #leadership: Leadership
  readonly #fencing: ZombieFencing
  /** The last change of each connector: one at a time. */
  readonly #changes = new Map<string, Promise<unknown>>()

  constructor(parts: HerderParts, configs: ConnectorConfigs, leadership: Leadership, fencing: ZombieFencing) {
    this.#parts = parts
    this.#configs = configs
    this.#leadership = leadership
    this.#fencing = fencing
  }

  async list(name: string, signal: AbortSignal): Promise<readonly ConnectorOffset[]> {
    const props = await this.#resolved(name, this.#configs.config(name))
    if (this.#configs.type(name) !== 'sink') {
      await using store = await this.#openSource(name, props, signal)
      return await store.list(signal)
    }
    return await this.#withAdmin(name, props, async (admin, group) => {
      const offsets = await admin.listGroupOffsets(group, signal)
      return offsets.map(({ topic, partition, offset }) => ({
        partition: { kafka_topic: topic, kafka_partition: partition },
        offset: { kafka_offset: offset },
      }))
    })
  }

  /** Answers the message for the caller. */
  async alter(name: string, offsets: readonly ConnectorOffset[], signal: AbortSignal): Promise<string> {
    return await this.#change(name, 'altered', signal, async (subject) =>
      subject.type === 'sink'
        ? await this.#changeSink(subject, 'alter', parseSinkOffsets(offsets))
        : await this.#changeSource(subject, offsets),
    )
  }

  async reset(name: string, signal: AbortSignal): Promise<string> {
    return await this.#change(name, 'reset', signal, async (subject) => {
      const known = await this.list(name, signal)
      const removed = known.map(({ partition }) => ({ partition, offset: null }))
      return subject.type === 'sink'
        ? await this.#changeSink(subject, 'reset', parseSinkOffsets(removed))
        : await this.#changeSource(subject, removed)
    })
  }

  /** Beside the writes of configs, not in their turn: a connector that takes long to agree holds up nobody else. */
  async #change(
    name: string,
    change: OffsetsChange,
    signal: AbortSignal,
    perform: (subject: Subject) => Promise<boolean>,
  ): Promise<string> {
    await this.#leadership.required(signal)
    const doing = `modifying offsets for connector ${name}`
    const result = (this.#changes.get(name) ?? Promise.resolve()).then(async () => {
      signal.throwIfAborted()
      const raw = this.#requireStopped(name)
      const type = this.#configs.type(name) === 'sink' ? 'sink' : 'source'
      const props = await this.#resolved(name, raw)
      const inFull = await this.#parts.stages.during(doing, () => perform({ name, type, props, signal }))
      return done(change, inFull)
    })
    const settled = result.then(
      () => undefined,
      () => undefined,
    )
    this.#changes.set(name, settled)
    void settled.then(() => {
      if (this.#changes.get(name) === settled) this.#changes.delete(name)
    })
    return await result
  }

  async #changeSource({ name, props, signal }: Subject, offsets: readonly ConnectorOffset[]): Promise<boolean> {
    const { worker, config } = this.#parts
    const inFull = await worker.alterOffsets(props['connector.class'] ?? '', props, offsets)
    signal.throwIfAborted()
    const changes = offsets.map(({ partition, offset }) => {
      if (partition === null)
        throw new ConfigError('offsets', 'The partition of a source offset cannot be null or missing')
      return { partition, offset }
    })
    // Tasks that were thought gone may still commit: none of them can when this is over.
    if (config.exactlyOnce === 'enabled') await this.#fencing.fence(name, signal)
    await using store = await this.#openSource(name, props, signal)
    await store.write(changes, signal)
    return inFull
  }

  async #openSource(name: string, props: Props, signal: AbortSignal): Promise<SourceOffsetStore> {
    const { config, offsets, logger } = this.#parts
    return await SourceOffsetStore.open({ config, connector: name, props, offsets, logger }, signal)
  }

  async #changeSink(
    { name, props, signal }: Subject,
    verb: 'alter' | 'reset',
    changes: readonly SinkOffsetChange[],
  ): Promise<boolean> {
    const inFull = await this.#parts.worker.alterOffsets(props['connector.class'] ?? '', props, changes)
    signal.throwIfAborted()
    await this.#withAdmin(name, props, async (admin, group) => {
      const altered = changes.flatMap(({ offset, ...at }) => (offset === null ? [] : [{ ...at, offset }]))
      const removed = changes.filter(({ offset }) => offset === null)
      try {
        if (verb === 'reset') await admin.deleteGroups([group], signal)
        else {
          if (altered.length > 0) await admin.alterGroupOffsets(group, altered, signal)
          if (removed.length > 0) await admin.deleteGroupOffsets(group, removed, signal)
        }
      } catch (error) {
        throw zombies(name, verb, error)
      }
    })
    return inFull
  }

  #requireStopped(name: string): Props {
    const props = this.#configs.config(name)
    const { state } = this.#parts.configs
    if (targetState(state, name) === 'STOPPED' && (state.taskSets.get(name)?.count ?? 0) === 0) return props
    throw new ConfigError(
      'offsets',
      'Connectors must be in the STOPPED state before their offsets can be modified. This can be done for the specified connector ' +
        `by issuing a 'PUT' request to the '/connectors/${name}/stop' endpoint`,
    )
  }

  async #resolved(name: string, props: Props): Promise<Props> {
    return { ...(await this.#parts.secrets.resolve(props)), name }
  }

  async #withAdmin<T>(name: string, props: Props, use: (admin: Admin, group: string) => Promise<T>): Promise<T> {
    const { config, logger } = this.#parts
    await using clients = new KafkaClients({ props: adminProps(config, props, name), logger })
    return await use(clients.admin(), sinkGroupId(config, props))
  }
}

function zombies(name: string, verb: 'alter' | 'reset', cause: unknown): ConnectError {
  return new ConnectError(
    `Failed to ${verb} consumer group offsets for connector ${name} either because its tasks haven't stopped completely yet or ` +
      `the connector was resumed before the request to ${verb} its offsets could be successfully completed. ` +
      'If the connector is in a stopped state, this operation can be safely retried. ' +
      "If it doesn't eventually succeed, the Connect cluster may need to be restarted to get rid of the zombie sink tasks.",
    { cause },
  )
}

/** `inFull`: the connector itself has taken part in the change. */
function done(change: OffsetsChange, inFull: boolean): string {
  if (inFull) return `The offsets for this connector have been ${change} successfully`
  return (
    `The Connect framework-managed offsets for this connector have been ${change} successfully. However, if this connector manages ` +
    `offsets externally, they will need to be manually ${change} in the system that the connector uses.`
  )
}

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

export type OffsetsChange = 'altered' | 'reset'

/** Where a connector is: a source in the offset log, a sink in its consumer group. */
export class ConnectorOffsets {
  readonly #parts: HerderParts
  readonly #configs: ConnectorConfigs
  readonly #leadership: Leadership

  constructor(parts: HerderParts, configs: ConnectorConfigs, leadership: Leadership) {
    this.#parts = parts
    this.#configs = configs
    this.#leadership = leadership
  }

  async list(name: string, signal: AbortSignal): Promise<readonly ConnectorOffset[]> {
    const props = this.#configs.config(name)
    if (this.#configs.type(name) !== 'sink') return await this.#parts.offsets.list(name, signal)
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
    return await this.#leadership.write(signal, async () => {
      const props = this.#requireStopped(name)
      if (this.#configs.type(name) !== 'sink') await this.#parts.offsets.write(name, offsets, signal)
      else {
        const { altered, removed } = parseSinkOffsets(offsets)
        await this.#withAdmin(name, props, async (admin, group) => {
          await this.#changeGroup(name, 'alter', async () => {
            if (altered.length > 0) await admin.alterGroupOffsets(group, altered, signal)
            if (removed.length > 0) await admin.deleteGroupOffsets(group, removed, signal)
          })
        })
      }
      return done('altered')
    })
  }

  async reset(name: string, signal: AbortSignal): Promise<string> {
    return await this.#leadership.write(signal, async () => {
      const props = this.#requireStopped(name)
      if (this.#configs.type(name) !== 'sink') {
        const known = await this.#parts.offsets.list(name, signal)
        await this.#parts.offsets.write(
          name,
          known.map(({ partition }) => ({ partition, offset: null })),
          signal,
        )
      } else
        await this.#withAdmin(name, props, async (admin, group) => {
          if ((await admin.listGroupOffsets(group, signal)).length === 0) return
          await this.#changeGroup(name, 'reset', () => admin.deleteGroups([group], signal))
        })
      return done('reset')
    })
  }

  #requireStopped(name: string): Props {
    const props = this.#configs.config(name)
    const { state } = this.#parts.configs
    if (targetState(state, name) === 'STOPPED' && (state.taskSets.get(name)?.count ?? 0) === 0) return props
    throw new ConfigError(
      'offsets',
      'Connectors must be in the STOPPED state before their offsets can be modified. This can be done for the specified ' +
        `connector by issuing a 'PUT' request to the '/connectors/${name}/stop' endpoint`,
    )
  }

  async #withAdmin<T>(name: string, props: Props, use: (admin: Admin, group: string) => Promise<T>): Promise<T> {
    const { config, secrets, logger } = this.#parts
    const resolved = { ...(await secrets.resolve(props)), name }
    await using clients = new KafkaClients({ props: adminProps(config, resolved, name), logger })
    return await use(clients.admin(), sinkGroupId(config, resolved))
  }

  async #changeGroup(name: string, verb: 'alter' | 'reset', change: () => Promise<void>): Promise<void> {
    try {
      await change()
    } catch (error) {
      throw new ConnectError(
        `Failed to ${verb} consumer group offsets for connector ${name} either because its tasks haven't stopped completely yet or ` +
          `the connector was resumed before the request to ${verb} its offsets could be successfully completed. ` +
          'If the connector is in a stopped state, this operation can be safely retried. ' +
          "If it doesn't eventually succeed, the Connect cluster may need to be restarted to get rid of the zombie sink tasks.",
        { cause: error },
      )
    }
  }
}

/** Connectors have no say in this yet, so the longer of Connect's two messages is the true one. */
function done(change: OffsetsChange): string {
  return (
    `The Connect framework-managed offsets for this connector have been ${change} successfully. However, if this connector manages ` +
    `offsets externally, they will need to be manually ${change} in the system that the connector uses.`
  )
}

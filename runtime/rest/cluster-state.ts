import { NotFoundError } from '../api/errors.ts'
import type { Props } from '../api/props.ts'
import type { ConnectClusterState, ConnectorHealth, InstanceHealth } from '../api/rest-extension.ts'
import type { InstanceStatus } from '../herder/connector-statuses.ts'
import type { Herder } from '../herder/herder.ts'

/** The cluster as REST extensions see it. `herder`: undefined until the worker has read its topics. */
export class ClusterState implements ConnectClusterState {
  readonly #herder: () => Herder | undefined
  readonly #kafkaClusterId: () => Promise<string>

  constructor(herder: () => Herder | undefined, kafkaClusterId: () => Promise<string>) {
    this.#herder = herder
    this.#kafkaClusterId = kafkaClusterId
  }

  connectors(): readonly string[] {
    return this.#running.configs.names()
  }

  connectorHealth(name: string): ConnectorHealth {
    const { connector, tasks, type } = this.#running.statuses.status(name)
    return { name, type, connector: health(connector), tasks: new Map(tasks.map((task) => [task.id, health(task)])) }
  }

  connectorConfig(name: string): Props {
    return this.#running.configs.config(name)
  }

  async clusterDetails(): Promise<{ readonly kafkaClusterId: string }> {
    return { kafkaClusterId: await this.#kafkaClusterId() }
  }

  get #running(): Herder {
    const herder = this.#herder()
    if (herder === undefined) throw new NotFoundError('the worker has not read its topics yet')
    return herder
  }
}

function health({ state, worker_id: workerId, trace }: InstanceStatus): InstanceHealth {
  return { state, workerId, traceMessage: trace }
}

import { ConflictError, ConfigError, NotFoundError } from '../api/errors.ts'
import type { Props } from '../api/props.ts'
import { invalidConfigMessage } from '../config/config-infos.ts'
import type { TaskId } from '../group/assignment.ts'
import { taskConfigsOf } from '../storage/cluster-config-state.ts'
import type { TargetState } from '../storage/config-records.ts'
import type { ConnectorValidation } from './connector-validation.ts'
import type { Leadership } from './leadership.ts'
import type { HerderParts } from './parts.ts'

export type ConnectorType = 'source' | 'sink' | 'unknown'

/** JSON of GET /connectors/{name}. */
export interface ConnectorInfo {
  readonly name: string
  readonly config: Props
  readonly tasks: readonly TaskId[]
  readonly type: ConnectorType
}

/** A connector's config as a request gives it: null values are refused (or delete, in a patch). */
export type GivenProps = Readonly<Record<string, string | null>>

/** Connector configs as stored: placeholders stay placeholders. Reads answer from this worker's copy; writes are the leader's. */
export class ConnectorConfigs {
  readonly #parts: Pick<HerderParts, 'configs' | 'plugins' | 'stages'>
  readonly #validation: ConnectorValidation
  readonly #leadership: Leadership

  constructor(
    parts: Pick<HerderParts, 'configs' | 'plugins' | 'stages'>,
    validation: ConnectorValidation,
    leadership: Leadership,
  ) {
    this.#parts = parts
    this.#validation = validation
    this.#leadership = leadership
  }

  names(): readonly string[] {
    return [...this.#parts.configs.state.connectors.keys()]
  }

  has(name: string): boolean {
    return this.#parts.configs.state.connectors.has(name)
  }

  info(name: string): ConnectorInfo {
    const config = this.config(name)
    const { state } = this.#parts.configs
    const tasks = taskConfigsOf(state, name).map((_, task) => ({ connector: name, task }))
    return { name, config, tasks, type: this.type(name) }
  }

  config(name: string): Props {
    const props = this.#parts.configs.state.connectors.get(name)
    if (props === undefined) throw new NotFoundError(`Connector ${name} not found`)
    return props
  }

  taskConfigs(name: string): readonly { readonly id: TaskId; readonly config: Props }[] {
    this.config(name)
    return taskConfigsOf(this.#parts.configs.state, name).map((config, task) => ({
      id: { connector: name, task },
      config,
    }))
  }

  type(name: string): ConnectorType {
    const { configs, plugins } = this.#parts
    const className = configs.state.connectors.get(name)?.['connector.class']?.trim()
    return className !== undefined && plugins.has('connector', className)
      ? plugins.connector(className).type
      : 'unknown'
  }

  /** Of the plugin that its config asks for; null when that is not here. */
  version(name: string): string | null {
    const { configs, plugins } = this.#parts
    const props = configs.state.connectors.get(name)
    try {
      return props === undefined ? null : plugins.connectorOf(props).version
    } catch {
      return null // the connector fails by itself, and says so
    }
  }

  async create(
    name: string,
    given: GivenProps,
    target: TargetState | undefined,
    signal: AbortSignal,
  ): Promise<ConnectorInfo> {
    await this.#leadership.required(signal)
    // Before the turn to write: a plugin that hangs in its validation holds up nobody else.
    const props = await this.#valid(name, given)
    return await this.#leadership.write(signal, async () => {
      if (this.has(name)) throw new ConflictError(`Connector ${name} already exists`)
      await this.#write(name, props, target)
      return this.info(name)
    })
  }

  /** `created`: there was none of that name. */
  async put(
    name: string,
    given: GivenProps,
    signal: AbortSignal,
  ): Promise<{ readonly created: boolean; readonly info: ConnectorInfo }> {
    await this.#leadership.required(signal)
    const props = await this.#valid(name, given)
    return await this.#leadership.write(signal, async () => {
      const created = !this.has(name)
      await this.#write(name, props)
      return { created, info: this.info(name) }
    })
  }

  /** A null value deletes its key. */
  async patch(name: string, patch: GivenProps, signal: AbortSignal): Promise<ConnectorInfo> {
    await this.#leadership.required(signal)
    for (;;) {
      const before = this.config(name)
      const patched = await this.#valid(name, merged(before, patch))
      const info = await this.#leadership.write(signal, async () => {
        if (this.config(name) !== before) return undefined // another request was quicker: patch what it wrote
        await this.#write(name, patched)
        return this.info(name)
      })
      if (info !== undefined) return info
    }
  }

  async delete(name: string, signal: AbortSignal): Promise<void> {
    await this.#leadership.write(signal, async () => {
      this.config(name)
      const { stages, configs } = this.#parts
      const doing = `removing the config for connector ${name} from the config topic`
      await stages.during(doing, () => configs.removeConnector(name))
    })
  }

  async #write(name: string, props: Props, target?: TargetState): Promise<void> {
    const { stages, configs } = this.#parts
    const doing = `writing a config for connector ${name} to the config topic`
    await stages.during(doing, () => configs.putConnector(name, props, target))
  }

  async #valid(name: string, given: GivenProps): Promise<Props> {
    const props = { ...given, name: given['name'] ?? name } as Props
    const message = invalidConfigMessage(await this.#validation.validate(props))
    if (message !== undefined) throw new ConfigError('config', message)
    return props
  }
}

function merged(props: Props, patch: GivenProps): Props {
  const all: Record<string, string> = { ...props }
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete all[key]
    else all[key] = value
  }
  return all
}

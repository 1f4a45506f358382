import { availableParallelism } from 'node:os'
import { ConfigError, didYouMean } from '../api/index.ts'
import type { ConfigOf, Props } from '../api/index.ts'
import { withPrefix } from './secrets.ts'
import { distributedWorkerDef } from './distributed-worker-keys.ts'
import { workerClientDef } from './worker-client-keys.ts'
import { CLIENT_KEYS, commonWorkerDef, OPEN_PREFIXES, REMOVED_KEYS, standaloneWorkerDef } from './worker-keys.ts'

export type WorkerMode = 'distributed' | 'standalone'
export type ConnectProtocol = 'eager' | 'compatible' | 'sessioned'
export type ExactlyOnceSupport = 'disabled' | 'preparing' | 'enabled'

/** A worker's configuration: typed, frozen, with the raw properties for what belongs to clients, converters and providers. */
export class WorkerConfig {
  readonly mode: WorkerMode
  /** As given; placeholders resolved when the caller resolved them before. */
  readonly props: Props
  readonly common: ConfigOf<typeof commonWorkerDef>
  readonly #distributed: ConfigOf<typeof distributedWorkerDef> | undefined
  readonly #standalone: ConfigOf<typeof standaloneWorkerDef> | undefined

  private constructor(props: Props, mode: WorkerMode) {
    this.mode = mode
    this.props = props
    this.common = commonWorkerDef.parse(props)
    workerClientDef.parse(props) // the clients take theirs themselves; mistakes show now
    this.#distributed = mode === 'distributed' ? distributedWorkerDef.parse(props) : undefined
    this.#standalone = mode === 'standalone' ? standaloneWorkerDef.parse(props) : undefined
  }

  /** Throws the first ConfigError. Default mode: standalone when the file names an offset file and no group. */
  static parse(props: Props, mode: WorkerMode = modeOf(props)): WorkerConfig {
    const config = new WorkerConfig(props, mode)
    if (mode === 'distributed') checkSignatures(config.distributed)
    return config
  }

  /** Keys of a distributed worker; throws for a standalone one. */
  get distributed(): ConfigOf<typeof distributedWorkerDef> {
    if (this.#distributed === undefined) throw new ConfigError('group.id', 'this is a standalone worker')
    return this.#distributed
  }

  get standalone(): ConfigOf<typeof standaloneWorkerDef> {
    if (this.#standalone === undefined)
      throw new ConfigError('offset.storage.file.filename', 'this is a distributed worker')
    return this.#standalone
  }

  /** undefined for a standalone worker */
  get groupId(): string | undefined {
    return this.#distributed?.['group.id']
  }

  get protocol(): ConnectProtocol {
    return this.distributed['connect.protocol'].toLowerCase() as ConnectProtocol
  }

  get exactlyOnce(): ExactlyOnceSupport {
    return (this.#distributed?.['exactly.once.source.support'].toLowerCase() ?? 'disabled') as ExactlyOnceSupport
  }

  get taskThreadsMax(): number {
    return this.common['task.threads.max'] ?? availableParallelism() * 2
  }

  /** Settings for the creation of an internal topic: every `<store>.storage.*` key that is none of our own. */
  topicSettings(store: 'config' | 'offset' | 'status'): Props {
    const own = new Set(['topic', 'partitions', 'replication.factor', 'cleanup.policy', 'file.filename'])
    return Object.fromEntries(
      Object.entries(withPrefix(this.props, `${store}.storage.`)).filter(([key]) => !own.has(key)),
    )
  }

  /** What a person should know about keys that have no effect, one sentence each. */
  warnings(): readonly string[] {
    return unknownWorkerKeys(this.props, this.mode)
  }
}

function modeOf(props: Props): WorkerMode {
  return props['offset.storage.file.filename'] !== undefined && props['group.id'] === undefined
    ? 'standalone'
    : 'distributed'
}

function checkSignatures(config: ConfigOf<typeof distributedWorkerDef>): void {
  const accepted = config['inter.worker.verification.algorithms']
  const used = config['inter.worker.signature.algorithm']
  if (!accepted.includes(used))
    throw ConfigError.invalid(
      'inter.worker.signature.algorithm',
      used,
      `Signature algorithm must be present in inter.worker.verification.algorithms list; it is ${accepted.join(',')}`,
    )
}

function unknownWorkerKeys(props: Props, mode: WorkerMode): readonly string[] {
  const defined = [
    ...Object.keys(commonWorkerDef.keys),
    ...Object.keys(distributedWorkerDef.keys),
    ...Object.keys(standaloneWorkerDef.keys),
  ]
  const known = new Set([...defined, ...CLIENT_KEYS])
  const warnings: string[] = []
  for (const key of Object.keys(props)) {
    if (REMOVED_KEYS.includes(key)) warnings.push(removed(key))
    else if (key === 'config.storage.partitions') warnings.push(`${key} is ignored: the config topic has one partition`)
    else if (/^(config|offset|status)\.storage\.cleanup\.policy$/.test(key))
      warnings.push(`${key} is ignored: internal topics are always compacted`)
    else if (!known.has(key) && !OPEN_PREFIXES.some((prefix) => key.startsWith(prefix))) {
      const near = didYouMean(key, known)
      warnings.push(
        `${key} is not a configuration of a ${mode} worker${near === undefined ? '' : `; did you mean ${near}?`}`,
      )
    } else if (!known.has(key)) {
      // `offset.storage.topc` looks like a topic setting; a missing required key then names the other half of the mistake
      const near = /\.storage\./.test(key) ? didYouMean(key, defined) : undefined
      if (near !== undefined && props[near] === undefined)
        warnings.push(`${key} is taken for a topic setting; did you mean ${near}?`)
    }
  }
  return warnings
}

function removed(key: string): string {
  return key.startsWith('rest.')
    ? `${key} is no longer a configuration; use listeners=http://host:port`
    : `${key} is no longer a configuration and is ignored; internal topics always hold JSON`
}

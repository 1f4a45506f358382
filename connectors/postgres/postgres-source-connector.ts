import type { ConfigDef, ConfigValue, Props, SourceConnector, Support } from 'naru/api'
import { ConfigError } from 'naru/api'
import { configKeys, postgresConfigDef } from './config-keys.ts'
import { explained } from './connection-errors.ts'
import { PostgresSourceConfig } from './postgres-source-config.ts'
import { PostgresSourceTask } from './postgres-source-task.ts'
import { closeQuietly, connect } from './postgres/connection.ts'
import { applicationName, serverProblems } from './startup-checks.ts'

/** Always one task: a replication slot has one reader. */
export class PostgresSourceConnector implements SourceConnector {
  static readonly type = 'source'
  static readonly version = '0.1.0'
  static readonly task = PostgresSourceTask

  #props: Props = {}

  static configDef(): ConfigDef {
    return postgresConfigDef
  }

  /** Connects, and reports what would stop the task at the key that mends it. */
  static async validate(props: Props, values: readonly ConfigValue[]): Promise<readonly ConfigValue[]> {
    if (values.some(({ name, errors }) => name in configKeys && errors.length > 0)) return values
    return withErrors(values, await problemsOf(props))
  }

  async start(props: Props): Promise<void> {
    this.#props = props
  }

  async taskConfigs(): Promise<readonly Props[]> {
    return [this.#props]
  }

  async stop(): Promise<void> {}

  /**
   * From any stored offset the stream goes on behind the last event of it, also in the middle of a transaction (streaming/resume-point.ts). A snapshot
   * that was interrupted begins anew: its rows are read events and may come twice.
   */
  exactlyOnceSupport(): Support {
    return 'SUPPORTED'
  }

  canDefineTransactionBoundaries(): Support {
    return 'UNSUPPORTED'
  }
}

async function problemsOf(props: Props): Promise<readonly ConfigError[]> {
  let config: PostgresSourceConfig
  try {
    config = PostgresSourceConfig.parse(props)
  } catch (error) {
    if (error instanceof ConfigError) return [error]
    throw error
  }
  try {
    const client = await connect(config.connection, { applicationName: applicationName(config, 'validation') })
    try {
      return (await serverProblems(client, config)).problems
    } finally {
      await closeQuietly(client)
    }
  } catch (error) {
    const problem = explained(error, config)
    return [
      problem instanceof ConfigError
        ? problem
        : new ConfigError('database.hostname', problem.message, { cause: error }),
    ]
  }
}

/** Keys outside the definition (column.mask…) get a value of their own. */
function withErrors(values: readonly ConfigValue[], problems: readonly ConfigError[]): readonly ConfigValue[] {
  const unlisted = problems.filter(({ key }) => !values.some(({ name }) => name === key))
  return [
    ...values.map((value) => {
      const errors = problems.filter(({ key }) => key === value.name).map(({ message }) => message)
      return errors.length === 0 ? value : { ...value, errors: [...value.errors, ...errors] }
    }),
    ...unlisted.map(({ key, message }) => ({
      name: key,
      value: null,
      recommendedValues: [],
      errors: [message],
      visible: true,
    })),
  ]
}

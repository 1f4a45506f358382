import { ConfigError } from 'naru/api'
import type { ConfigDef, ConfigValue, Props, SinkConnector } from 'naru/api'
import { CONFIG } from './config/config-keys.ts'
import { crossCheck } from './config/cross-checks.ts'
import { parseS3SinkConfig, storeOptions } from './config/s3-sink-config.ts'
import { S3SinkTask } from './s3-sink-task.ts'
import { openS3ObjectStore } from './store/open-s3-object-store.ts'
import { VERSION } from './version.ts'

const CHECK_TIMEOUT_MS = 5000

/** Topics into objects of S3. All tasks get the same configuration: the partitions are what is divided. */
export class S3SinkConnector implements SinkConnector {
  static readonly type = 'sink'
  static readonly version = VERSION
  static readonly task = S3SinkTask
  #props: Props = {}

  static configDef(): ConfigDef {
    return CONFIG
  }

  /** Cross-checks of keys, then the bucket and the credentials. A store that cannot be reached now is no error of the config. */
  static async validate(props: Props, values: readonly ConfigValue[]): Promise<readonly ConfigValue[]> {
    if (values.some((value) => value.name in CONFIG.keys && value.errors.length > 0)) return values
    const raw = CONFIG.parse(props)
    const errors = [...crossCheck(raw)]
    if (errors.length === 0) errors.push(...(await bucketErrors(props)))
    return values.map((value) => {
      const messages = errors.filter(({ key }) => key === value.name).map(({ message }) => message)
      return messages.length === 0 ? value : { ...value, errors: [...value.errors, ...messages] }
    })
  }

  start(props: Props): Promise<void> {
    parseS3SinkConfig(props)
    this.#props = props
    return Promise.resolve()
  }

  taskConfigs(maxTasks: number): Promise<readonly Props[]> {
    return Promise.resolve(Array.from({ length: maxTasks }, () => this.#props))
  }

  stop(): Promise<void> {
    return Promise.resolve()
  }
}

async function bucketErrors(props: Props): Promise<readonly ConfigError[]> {
  // a secret that is still a reference cannot be tried
  if (Object.values(props).some((value) => value.includes('${'))) return []
  const store = await openS3ObjectStore(storeOptions(CONFIG.parse(props)))
  try {
    await store.check(AbortSignal.timeout(CHECK_TIMEOUT_MS))
    return []
  } catch (error) {
    return error instanceof ConfigError ? [error] : []
  } finally {
    store.close()
  }
}

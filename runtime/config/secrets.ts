import { ConnectError } from '../api/index.ts'
import type { ConfigProvider, Props } from '../api/index.ts'

/** `${provider:path:key}` or `${provider:key}`; further colons belong to the key (org.apache.kafka.common.config.ConfigTransformer). */
const PLACEHOLDER = /\$\{([^}]*?):(?:([^}]*?):)?([^}]*?)\}/g

export interface Placeholder {
  readonly text: string
  readonly provider: string
  /** Empty when the placeholder has none. */
  readonly path: string
  readonly key: string
}

export function placeholders(value: string): readonly Placeholder[] {
  return [...value.matchAll(PLACEHOLDER)].map(([text, provider, path, key]) => ({
    text,
    provider: provider!,
    path: path ?? '',
    key: key!,
  }))
}

/** A JSON body can hold nulls; they are found later. */
export function hasPlaceholder(value: string | null): boolean {
  return value !== null && value.includes('${') && placeholders(value).length > 0
}

/** The config providers of one worker, by the names of `config.providers`. */
export class Secrets implements AsyncDisposable {
  readonly #providers: ReadonlyMap<string, ConfigProvider>

  constructor(providers: ReadonlyMap<string, ConfigProvider>) {
    this.#providers = providers
  }

  /**
   * Makes the providers that `props` configure: `config.providers=a,b`, `config.providers.a.class`, `config.providers.a.param.*`.
   * `providerClass` finds a class by full or short name and throws when there is none.
   */
  static configure(props: Props, providerClass: (className: string) => new () => ConfigProvider): Secrets {
    const providers = new Map<string, ConfigProvider>()
    const names = (props['config.providers'] ?? '').split(',').map((name) => name.trim())
    for (const name of names.filter((each) => each !== '')) {
      const classKey = `config.providers.${name}.class`
      const className = props[classKey]
      if (className === undefined)
        throw new ConnectError(`Missing required configuration "${classKey}" which has no default value.`, {
          code: 'CONFIG',
        })
      const provider = new (providerClass(className))()
      provider.configure(withPrefix(props, `config.providers.${name}.param.`))
      providers.set(name, provider)
    }
    return new Secrets(providers)
  }

  /**
   * A copy of `props` with every placeholder replaced, in one pass. A provider or key that does not exist leaves the text as
   * it is; a provider that fails is an error that names the placeholder. Neither shows a secret value.
   */
  async resolve(props: Props): Promise<Props> {
    const asked = this.#wanted(props)
    if (asked.size === 0) return props
    const answers = new Map<string, Readonly<Record<string, string>>>()
    for (const [at, { provider, path, keys, text }] of asked) {
      try {
        answers.set(at, await this.#providers.get(provider)!.get(path, [...keys]))
      } catch (error) {
        throw new ConnectError(`cannot resolve ${text} of the configuration: ${(error as Error).message}`, {
          code: 'CONFIG',
          cause: error,
        })
      }
    }
    const resolved: Record<string, string> = {}
    for (const [key, value] of Object.entries(props)) resolved[key] = replaced(value, answers)
    return resolved
  }

  /** When the first of the values that these (raw) properties ask for expires, in ms; undefined: never. Ask after `resolve`. */
  ttlMs(props: Props): number | undefined {
    const all = [...this.#wanted(props).values()].flatMap(({ provider, path, keys }) => {
      const ttlMs = this.#providers.get(provider)?.ttlMs?.(path, [...keys])
      return ttlMs === undefined ? [] : [ttlMs]
    })
    return all.length === 0 ? undefined : Math.min(...all)
  }

  #wanted(props: Props): Map<string, { provider: string; path: string; keys: Set<string>; text: string }> {
    const asked = new Map<string, { provider: string; path: string; keys: Set<string>; text: string }>()
    for (const value of Object.values(props)) {
      if (!hasPlaceholder(value)) continue
      for (const { provider, path, key, text } of placeholders(value)) {
        if (!this.#providers.has(provider)) continue
        const at = address(provider, path)
        const entry = asked.get(at) ?? { provider, path, keys: new Set<string>(), text }
        entry.keys.add(key)
        asked.set(at, entry)
      }
    }
    return asked
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const provider of this.#providers.values()) await provider.close?.()
  }
}

function replaced(value: string, answers: ReadonlyMap<string, Readonly<Record<string, string>>>): string {
  if (!hasPlaceholder(value)) return value
  return value.replace(PLACEHOLDER, (text, provider: string, path: string | undefined, key: string) => {
    const answer = answers.get(address(provider, path ?? ''))
    return answer !== undefined && Object.hasOwn(answer, key) ? answer[key]! : text
  })
}

function address(provider: string, path: string): string {
  return `${provider}:${path}`
}

/** The entries below `prefix`, without it. */
export function withPrefix(props: Props, prefix: string): Props {
  const below: Record<string, string> = {}
  for (const [key, value] of Object.entries(props)) if (key.startsWith(prefix)) below[key.slice(prefix.length)] = value
  return below
}

/**
 * The task config as it is stored: where the connector's raw value for a key holds a placeholder, the task's value for that key is
 * replaced by the raw one, so that no resolved secret reaches the config topic (Connect's reverse transform).
 */
export function withoutSecrets(taskProps: Props, rawConnectorProps: Props): Props {
  const stored: Record<string, string> = {}
  for (const [key, value] of Object.entries(taskProps)) {
    const raw = rawConnectorProps[key]
    stored[key] = raw !== undefined && hasPlaceholder(raw) ? raw : value
  }
  return stored
}

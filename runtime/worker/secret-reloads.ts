import { parseValue } from '../api/index.ts'
import type { Props } from '../api/index.ts'
import type { Secrets } from '../config/secrets.ts'

/** Node's timers hold no more; a longer time to live is looked at again. */
const MAX_DELAY_MS = 2 ** 31 - 1

/**
 * Restarts connectors and tasks whose config-provider values expire (`config.action.reload=restart`, KIP-297). A new start, with whatever config,
 * replaces the timer. Connect restarts the connector only; its tasks, who use the secrets, would go on with old ones.
 */
export class SecretReloads implements Disposable {
  readonly #secrets: Pick<Secrets, 'ttlMs'>
  readonly #timers = new Map<string, NodeJS.Timeout>()

  constructor(secrets: Pick<Secrets, 'ttlMs'>) {
    this.#secrets = secrets
  }

  /** A connector or task has just been started with these raw properties. */
  schedule(instance: string, props: Props, expired: () => void): void {
    this.cancel(instance)
    const action = parseValue('config.action.reload', 'STRING', props['config.action.reload'] ?? 'restart')
    const ttlMs = action === 'restart' ? this.#secrets.ttlMs(props) : undefined
    if (ttlMs === undefined) return
    const expire = (): void => {
      this.#timers.delete(instance)
      expired()
    }
    const timer = setTimeout(expire, Math.min(Math.max(ttlMs, 1), MAX_DELAY_MS))
    timer.unref()
    this.#timers.set(instance, timer)
  }

  cancel(instance: string): void {
    clearTimeout(this.#timers.get(instance))
    this.#timers.delete(instance)
  }

  [Symbol.dispose](): void {
    for (const instance of [...this.#timers.keys()]) this.cancel(instance)
  }
}

import assert from 'node:assert/strict'
import type { ConnectCluster } from './connect-cluster.ts'
import { until } from './until.ts'

export const FRAMEWORK_ONLY = {
  altered:
    'The Connect framework-managed offsets for this connector have been altered successfully. However, if this connector manages offsets ' +
    'externally, they will need to be manually altered in the system that the connector uses.',
  reset:
    'The Connect framework-managed offsets for this connector have been reset successfully. However, if this connector manages offsets ' +
    'externally, they will need to be manually reset in the system that the connector uses.',
}
export const IN_FULL = {
  altered: 'The offsets for this connector have been altered successfully',
  reset: 'The offsets for this connector have been reset successfully',
}

export interface OffsetEntry {
  readonly partition: Readonly<Record<string, unknown>> | null
  readonly offset: Readonly<Record<string, unknown>> | null
}

/** /connectors/{name}/offsets of one connector. */
export class OffsetRequests {
  readonly #cluster: ConnectCluster
  readonly #name: string

  constructor(cluster: ConnectCluster, name: string) {
    this.#cluster = cluster
    this.#name = name
  }

  async list(): Promise<readonly OffsetEntry[]> {
    const { status, body } = await this.#cluster.ask<{ readonly offsets: readonly OffsetEntry[] }>('GET', this.#path)
    assert.equal(status, 200, JSON.stringify(body))
    return body.offsets
  }

  /** Until they are just these, in any order. */
  async become(wanted: readonly OffsetEntry[]): Promise<void> {
    const text = sorted(wanted)
    await until(`offsets of ${this.#name} are ${text}`, async () => {
      const seen = sorted(await this.list())
      return seen === text || seen
    })
  }

  async alter(offsets: readonly OffsetEntry[], message: string): Promise<void> {
    const { status, body } = await this.#cluster.ask('PATCH', this.#path, { offsets })
    assert.deepEqual([status, body], [200, { message }])
  }

  async reset(message: string): Promise<void> {
    const { status, body } = await this.#cluster.ask('DELETE', this.#path)
    assert.deepEqual([status, body], [200, { message }])
  }

  async refused(body: unknown, method = 'PATCH'): Promise<readonly [status: number, message: string]> {
    const answer = await this.#cluster.ask<{ error_code: number; message: string }>(method, this.#path, body)
    assert.equal(answer.body.error_code, answer.status)
    return [answer.status, answer.body.message]
  }

  get #path(): string {
    return `/connectors/${this.#name}/offsets`
  }
}

function sorted(offsets: readonly OffsetEntry[]): string {
  return offsets
    .map((each) => JSON.stringify(each))
    .sort()
    .join()
}

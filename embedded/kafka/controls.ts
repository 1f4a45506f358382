/** Faults on demand, for tests of clients: what a real cluster does on a bad day, at a moment of the test's choice. */
import type { RequestResources, ResourceKind } from './request-resources.ts'

export type Fault =
  /** The connection is cut, the request not handled. */
  | { readonly kind: 'cut' }
  /** The request is handled, then the connection is cut in place of the answer. */
  | { readonly kind: 'cut-after' }
  /** Handled after so many milliseconds; later requests of the connection wait too. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Not handled; every part of the answer carries this code. */
  | { readonly kind: 'error'; readonly errorCode: number }
  /** Not handled and never answered; the connection stays open. */
  | { readonly kind: 'silence' }

export interface InjectOptions {
  /** How many requests are hit; default: until taken back. */
  readonly times?: number
  /** Only requests about such a resource, in part or as a whole; default: all. An error is then the answer for the whole request. */
  readonly resource?: ResourceFilter
}

/** One resource by its name, or those whose names begin alike. */
export interface ResourceFilter {
  readonly kind: ResourceKind
  readonly name?: string
  readonly prefix?: string
}

interface Rule {
  readonly apiKey: number
  readonly fault: Fault
  readonly resource: ResourceFilter | undefined
  left: number
}

export class Controls {
  readonly #rules = new Set<Rule>()
  readonly #unserved = new Set<string>()
  readonly #counts = new Map<number, number>()
  readonly #cutAll: () => void

  constructor(options: { readonly cutConnections: () => void }) {
    this.#cutAll = options.cutConnections
  }

  /** Hits the next requests with this API key; earlier rules for the key go first. The returned function takes it back. */
  inject(apiKey: number, fault: Fault, options: InjectOptions = {}): () => void {
    const rule: Rule = { apiKey, fault, resource: options.resource, left: options.times ?? Infinity }
    this.#rules.add(rule)
    return () => this.#rules.delete(rule)
  }

  /** Takes everything back. */
  clear(): void {
    this.#rules.clear()
    this.#unserved.clear()
  }

  /** From now on this broker does not lead the partition. */
  stopServing(topic: string, partition: number): void {
    this.#unserved.add(`${topic}/${partition}`)
  }

  serve(topic: string, partition: number): void {
    this.#unserved.delete(`${topic}/${partition}`)
  }

  /** Cuts every connection, as a restart would. */
  cutConnections(): void {
    this.#cutAll()
  }

  /** Requests received with this API key since the start. */
  requests(apiKey: number): number {
    return this.#counts.get(apiKey) ?? 0
  }

  isServed(topic: string, partition: number): boolean {
    return this.#unserved.size === 0 || !this.#unserved.has(`${topic}/${partition}`)
  }

  /** Counts a request; answers with what shall happen to it. `resources` is asked only when a rule wants to know. */
  received(apiKey: number, resources: () => RequestResources): Fault | undefined {
    this.#counts.set(apiKey, this.requests(apiKey) + 1)
    for (const rule of this.#rules) {
      if (rule.apiKey !== apiKey || !concerns(rule.resource, resources)) continue
      rule.left--
      if (rule.left <= 0) this.#rules.delete(rule)
      return rule.fault
    }
    return undefined
  }
}

function concerns(filter: ResourceFilter | undefined, resources: () => RequestResources): boolean {
  if (filter === undefined) return true
  const { kind, name, prefix } = filter
  for (const found of resources()[kind]) {
    if (name !== undefined ? found === name : found.startsWith(prefix ?? '')) return true
  }
  return false
}

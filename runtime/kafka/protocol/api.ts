import type { Reader } from './reader.ts'
import { bindFields } from './schema.ts'
import type { Fields, Message, MessageInput } from './schema.ts'
import type { Writer } from './writer.ts'

export interface ApiDefinition<Q extends Fields, S extends Fields> {
  readonly key: number
  readonly name: string
  /** First and last version the tables describe. */
  readonly versions: readonly [number, number]
  /** First version with flexible types and tagged fields (KIP-482); absent: none has them. */
  readonly flexible?: number
  readonly request: Q
  readonly response: S
}

/** One API of the protocol: its tables, and reading and writing of both sides in every version. */
export class Api<Q extends Fields, S extends Fields> {
  readonly key: number
  readonly name: string
  readonly minVersion: number
  readonly maxVersion: number
  readonly #flexibleFrom: number
  readonly #request: Side<Q>
  readonly #response: Side<S>

  constructor(definition: ApiDefinition<Q, S>) {
    this.key = definition.key
    this.name = definition.name
    ;[this.minVersion, this.maxVersion] = definition.versions
    this.#flexibleFrom = definition.flexible ?? Infinity
    const flexible = (version: number): boolean => this.isFlexible(version)
    this.#request = new Side(`${definition.name} request`, definition.request, definition.versions, flexible)
    this.#response = new Side(`${definition.name} response`, definition.response, definition.versions, flexible)
  }

  supports(version: number): boolean {
    return version >= this.minVersion && version <= this.maxVersion
  }

  isFlexible(version: number): boolean {
    return version >= this.#flexibleFrom
  }

  requestHeaderVersion(version: number): 1 | 2 {
    return this.isFlexible(version) ? 2 : 1
  }

  /** ApiVersions always answers with header 0: the client does not know yet what the broker understands (KIP-511). */
  responseHeaderVersion(version: number): 0 | 1 {
    return this.isFlexible(version) && this.key !== 18 ? 1 : 0
  }

  readRequest(reader: Reader, version: number): Message<Q> {
    return this.#request.read(reader, version)
  }

  writeRequest(writer: Writer, version: number, message: MessageInput<Q>): void {
    this.#request.write(writer, version, message)
  }

  readResponse(reader: Reader, version: number): Message<S> {
    return this.#response.read(reader, version)
  }

  writeResponse(writer: Writer, version: number, message: MessageInput<S>): void {
    this.#response.write(writer, version, message)
  }
}

/** Request or response: the tables bound to a version when first asked for. */
class Side<F extends Fields> {
  readonly #what: string
  readonly #fields: F
  readonly #versions: readonly [number, number]
  readonly #flexible: (version: number) => boolean
  readonly #bound: ReturnType<typeof bindFields>[] = []

  constructor(what: string, fields: F, versions: readonly [number, number], flexible: (version: number) => boolean) {
    this.#what = what
    this.#fields = fields
    this.#versions = versions
    this.#flexible = flexible
  }

  read(reader: Reader, version: number): Message<F> {
    return this.#codec(version).read(reader) as Message<F>
  }

  write(writer: Writer, version: number, message: MessageInput<F>): void {
    this.#codec(version).write(writer, message)
  }

  #codec(version: number): ReturnType<typeof bindFields> {
    const bound = this.#bound[version]
    if (bound !== undefined) return bound
    if (!Number.isInteger(version) || version < this.#versions[0] || version > this.#versions[1]) {
      throw new RangeError(
        `${this.#what} has no version ${version}: ${this.#versions[0]} to ${this.#versions[1]} are known`,
      )
    }
    return (this.#bound[version] = bindFields(this.#fields, version, this.#flexible(version)))
  }
}

export type AnyApi = Api<Fields, Fields>
export type RequestOf<A> = A extends Api<infer Q, infer _S> ? Message<Q> : never
export type RequestInputOf<A> = A extends Api<infer Q, infer _S> ? MessageInput<Q> : never
export type ResponseOf<A> = A extends Api<infer _Q, infer S> ? Message<S> : never
export type ResponseInputOf<A> = A extends Api<infer _Q, infer S> ? MessageInput<S> : never

import type { AnyApi, Api, Fields, Message, MessageInput } from 'naru/protocol'

import type { Controls } from '../controls.ts'
import type { GroupCoordinator } from '../groups/group-coordinator.ts'
import type { WriteTurn } from '../log/write-turn.ts'
import type { SaslSession } from '../security/sasl-session.ts'
import type { BrokerSettings } from '../store/broker-settings.ts'
import type { MetadataFile } from '../store/metadata-file.ts'
import type { Topics } from '../store/topics.ts'
import type { TransactionCoordinator } from '../transactions/transaction-coordinator.ts'

export interface BrokerNode {
  readonly nodeId: number
  readonly host: string
  readonly port: number
}

/** The parts of the broker that handlers work with. */
export interface BrokerParts {
  readonly nodeId: number
  readonly settings: BrokerSettings
  readonly metadata: MetadataFile
  readonly topics: Topics
  readonly groups: GroupCoordinator
  readonly transactions: TransactionCoordinator
  readonly writes: WriteTurn
  readonly controls: Controls
}

/** One request as it arrived, and the broker it arrived at. */
export interface Call {
  readonly broker: BrokerParts
  /** The broker under the address that the client knows it by. */
  readonly node: BrokerNode
  /** Undefined where the listener wants no authentication. */
  readonly sasl: SaslSession | undefined
  readonly version: number
  readonly clientId: string
  /** In Kafka's form: a slash, then the address. */
  readonly clientHost: string
  /** Aborts when the client is gone or the broker closes. */
  readonly closed: AbortSignal
}

/** One API. What handle() does before its first await happens in the order of the requests of a connection. */
export interface Handler<Q extends Fields, S extends Fields> {
  readonly api: Api<Q, S>
  /** `undefined`: the client wants no answer. */
  handle(request: Message<Q>, call: Call): MessageInput<S> | undefined | Promise<MessageInput<S> | undefined>
  /** The answer in which every part carries this code. */
  failed(request: Message<Q>, errorCode: number, call: Call): MessageInput<S>
}

export interface AnyHandler extends Omit<Handler<Fields, Fields>, 'api'> {
  readonly api: AnyApi
}

/** Ties requests and answers to the tables of the API; the dispatcher hands each handler what its own table read. */
export function handler<Q extends Fields, S extends Fields>(definition: Handler<Q, S>): AnyHandler {
  return definition as unknown as AnyHandler
}

import { ConnectError, isConnectError } from '../api/index.ts'
import type { ErrorCode as ConnectErrorCode } from '../api/index.ts'
import { ErrorCode, errorName, isRetriable } from './protocol/index.ts'

/**
 * What a code means to the runtime; a code that is not here is retriable or not as the protocol says. The only place that classifies.
 */
const MEANING: ReadonlyMap<number, ConnectErrorCode> = new Map<number, ConnectErrorCode>([
  [ErrorCode.INVALID_PRODUCER_EPOCH, 'FENCED'],
  [ErrorCode.PRODUCER_FENCED, 'FENCED'],
  [ErrorCode.TRANSACTION_COORDINATOR_FENCED, 'FENCED'],
  [ErrorCode.FENCED_INSTANCE_ID, 'FENCED'],
  [ErrorCode.GROUP_ID_NOT_FOUND, 'NOT_FOUND'],
  [ErrorCode.RESOURCE_NOT_FOUND, 'NOT_FOUND'],
  [ErrorCode.TOPIC_ALREADY_EXISTS, 'CONFLICT'],
  [ErrorCode.NON_EMPTY_GROUP, 'CONFLICT'],
  [ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC, 'CONFLICT'],
  [ErrorCode.MESSAGE_TOO_LARGE, 'DATA'],
  [ErrorCode.RECORD_LIST_TOO_LARGE, 'DATA'],
  [ErrorCode.INVALID_RECORD, 'DATA'],
  // ours to repeat with other arguments, though the protocol does not call them retriable
  [ErrorCode.REBALANCE_IN_PROGRESS, 'RETRIABLE'],
])

/** The remedy, where there is one that a user can apply. */
const REMEDY: ReadonlyMap<number, string> = new Map<number, string>([
  [
    ErrorCode.MESSAGE_TOO_LARGE,
    "the record is larger than the producer's max.request.size or the topic's max.message.bytes (broker: message.max.bytes)",
  ],
  [ErrorCode.TOPIC_AUTHORIZATION_FAILED, 'the principal lacks an ACL on the topic'],
  [ErrorCode.GROUP_AUTHORIZATION_FAILED, 'the principal lacks an ACL on the group'],
  [ErrorCode.CLUSTER_AUTHORIZATION_FAILED, 'the principal lacks an ACL on the cluster'],
  [
    ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    'the principal lacks the ACLs Write and Describe on the transactional id',
  ],
  [
    ErrorCode.INVALID_TRANSACTION_TIMEOUT,
    "transaction.timeout.ms (of a connector's tasks: producer.override.transaction.timeout.ms) is larger than the brokers' transaction.max.timeout.ms: lower it, or raise theirs",
  ],
  [
    ErrorCode.INVALID_REPLICATION_FACTOR,
    'the cluster has fewer brokers than the replication factor asks for (replication.factor, *.storage.replication.factor)',
  ],
  [
    ErrorCode.NOT_ENOUGH_REPLICAS,
    'fewer replicas are in sync than min.insync.replicas of the topic demands with acks=all',
  ],
])

/** An error a broker answered, or (NETWORK_EXCEPTION, REQUEST_TIMED_OUT) a request that got no answer. */
export class KafkaError extends ConnectError {
  readonly kafkaCode: number
  readonly kafkaName: string
  readonly #retriable: boolean

  /** `doing`: what failed, to follow "cannot": `produce to orders-3`. */
  constructor(
    kafkaCode: number,
    doing: string,
    options: { readonly detail?: string | null; readonly cause?: unknown } = {},
  ) {
    const name = errorName(kafkaCode)
    const parts = [`cannot ${doing}: ${name}`, options.detail, REMEDY.get(kafkaCode)].filter(
      (part) => part !== undefined && part !== null && part !== '',
    )
    super(parts.join(': '), {
      code: MEANING.get(kafkaCode) ?? (isRetriable(kafkaCode) ? 'RETRIABLE' : 'CONNECT'),
      ...(options.cause === undefined ? {} : { cause: options.cause }),
    })
    this.kafkaCode = kafkaCode
    this.kafkaName = name
    this.#retriable = this.code === 'RETRIABLE'
  }

  override get retriable(): boolean {
    return this.#retriable
  }
}

/** The client was closed by its owner: not retriable, for no attempt with it can succeed. */
export class ClientClosedError extends ConnectError {
  /** `what`: the client, the producer. */
  constructor(doing: string, what = 'the client') {
    super(`cannot ${doing}: ${what} is closed`)
  }
}

/** Throws when the code is not 0. */
export function throwOn(kafkaCode: number, doing: string, detail?: string | null): void {
  if (kafkaCode !== ErrorCode.NONE) throw new KafkaError(kafkaCode, doing, { detail: detail ?? null })
}

export function kafkaCode(error: unknown): number | undefined {
  return error instanceof KafkaError ? error.kafkaCode : undefined
}

/** The broker that was asked is not (or no longer) the one to ask: metadata must be read again. */
const STALE: ReadonlySet<number> = new Set<number>([
  ErrorCode.NETWORK_EXCEPTION,
  ErrorCode.REQUEST_TIMED_OUT,
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.LEADER_NOT_AVAILABLE,
  ErrorCode.REPLICA_NOT_AVAILABLE,
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.UNKNOWN_TOPIC_ID,
  ErrorCode.INCONSISTENT_TOPIC_ID,
  ErrorCode.FENCED_LEADER_EPOCH,
  ErrorCode.UNKNOWN_LEADER_EPOCH,
  ErrorCode.KAFKA_STORAGE_ERROR,
  ErrorCode.NOT_CONTROLLER,
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.OFFSET_NOT_AVAILABLE,
])

export function needsMetadata(code: number): boolean {
  return STALE.has(code)
}

export function isKafkaError(error: unknown): error is KafkaError {
  return error instanceof KafkaError
}

/** After these nobody knows whether the request was carried out. */
const UNCERTAIN: ReadonlySet<number> = new Set<number>([
  ErrorCode.UNKNOWN_SERVER_ERROR,
  ErrorCode.NETWORK_EXCEPTION,
  ErrorCode.REQUEST_TIMED_OUT,
  ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
])

export function isUncertain(code: number): boolean {
  return UNCERTAIN.has(code)
}

/** Whatever else breaks a request is a broken connection to us: nothing is known about the request. */
export function asClientError(error: unknown, doing: string): ConnectError {
  return isConnectError(error) ? error : networkError(doing, error)
}

/** For what a socket throws. */
export function networkError(doing: string, cause: unknown): KafkaError {
  return new KafkaError(ErrorCode.NETWORK_EXCEPTION, doing, {
    cause,
    detail: cause instanceof Error ? cause.message : String(cause),
  })
}

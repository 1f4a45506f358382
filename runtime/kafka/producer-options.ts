import type { ConfigOf } from '../api/config-def.ts'
import { configDef, validators } from '../api/config-def.ts'
import { ConfigError } from '../api/errors.ts'
import type { Props } from '../api/props.ts'
import { COMPRESSION_TYPES } from './records/compression.ts'

/** Producer properties, Kafka's names and defaults (4.x). Those of the connection are in client-options.ts. */
export const PRODUCER_DEF = configDef({
  acks: {
    type: 'STRING',
    default: 'all',
    importance: 'LOW',
    documentation: 'all (or -1): the in-sync replicas have it; 1: the leader has it; 0: sent.',
    validator: validators.oneOf('all', '-1', '0', '1'),
  },
  'batch.size': {
    type: 'INT',
    default: 16_384,
    importance: 'MEDIUM',
    documentation:
      'A batch of this many bytes is sent without waiting for linger.ms. While another batch of its partition is in flight it grows on, up to 1 MiB or a sixteenth of buffer.memory.',
    validator: validators.atLeast(0),
  },
  'buffer.memory': {
    type: 'LONG',
    default: 33_554_432,
    importance: 'HIGH',
    documentation: 'Bytes of records that wait to be sent or acknowledged; send() waits when there are more.',
    validator: validators.atLeast(0),
  },
  'compression.type': {
    type: 'STRING',
    default: 'none',
    importance: 'HIGH',
    documentation: 'none, gzip, snappy, lz4 or zstd.',
    validator: validators.oneOf(...COMPRESSION_TYPES),
  },
  'delivery.timeout.ms': {
    type: 'INT',
    default: 120_000,
    importance: 'MEDIUM',
    documentation: 'A record that is not acknowledged after this time has failed.',
    validator: validators.atLeast(0),
  },
  'enable.idempotence': {
    type: 'BOOLEAN',
    default: true,
    importance: 'LOW',
    documentation: 'The broker drops what a retry sends twice.',
  },
  'linger.ms': {
    type: 'LONG',
    default: 5,
    importance: 'MEDIUM',
    documentation: 'How long a batch waits for more records.',
    validator: validators.atLeast(0),
  },
  'max.block.ms': {
    type: 'LONG',
    default: 60_000,
    importance: 'MEDIUM',
    documentation: 'How long send() waits for room in the buffer or for metadata.',
    validator: validators.atLeast(0),
  },
  'max.in.flight.requests.per.connection': {
    type: 'INT',
    default: 5,
    importance: 'LOW',
    documentation:
      'Requests to one broker without an answer. Of one partition there is never more than one batch in flight, so order holds whatever this is.',
    validator: validators.atLeast(1),
  },
  'max.request.size': {
    type: 'INT',
    default: 1_048_576,
    importance: 'MEDIUM',
    documentation: 'Greatest batch, and so the greatest record, in bytes before compression.',
    validator: validators.atLeast(0),
  },
  'request.timeout.ms': {
    type: 'INT',
    default: 30_000,
    importance: 'MEDIUM',
    documentation: 'How long a broker may take for one request.',
    validator: validators.atLeast(0),
  },
  'retry.backoff.ms': {
    type: 'LONG',
    default: 100,
    importance: 'LOW',
    documentation: 'Pause before the first retry; doubles up to retry.backoff.max.ms.',
    validator: validators.atLeast(0),
  },
  'retry.backoff.max.ms': {
    type: 'LONG',
    default: 1_000,
    importance: 'LOW',
    documentation: 'Longest pause before a retry.',
    validator: validators.atLeast(0),
  },
  retries: {
    type: 'INT',
    default: 2_147_483_647,
    importance: 'HIGH',
    documentation: 'Retries of one batch, within delivery.timeout.ms.',
    validator: validators.atLeast(0),
  },
  'transaction.timeout.ms': {
    type: 'INT',
    default: 60_000,
    importance: 'LOW',
    documentation:
      'The broker aborts a transaction that is open for longer and fences its producer; at most transaction.max.timeout.ms of the broker.',
    validator: validators.atLeast(1),
  },
  'transactional.id': {
    type: 'STRING',
    default: null,
    importance: 'LOW',
    documentation: 'Of a transactional producer: the newest one with this id fences the others.',
  },
})

export type ProducerOptions = ConfigOf<typeof PRODUCER_DEF>

export function parseProducerOptions(props: Props): ProducerOptions {
  const options = PRODUCER_DEF.parse(props)
  if (options['transactional.id'] !== null)
    throw ConfigError.invalid(
      'transactional.id',
      options['transactional.id'],
      'this producer does not write in transactions; remove it',
    )
  return idempotent(options, props)
}

/** Of a transactional producer, which is always idempotent. */
export function parseTransactionalOptions(props: Props): ProducerOptions {
  const options = idempotent(PRODUCER_DEF.parse(props), props)
  if (!options['enable.idempotence'])
    throw ConfigError.invalid(
      'enable.idempotence',
      'false',
      'transactional.id needs enable.idempotence=true and acks=all',
    )
  return options
}

function idempotent(options: ProducerOptions, props: Props): ProducerOptions {
  if (options['enable.idempotence'] && !['all', '-1'].includes(options.acks)) {
    if (props['enable.idempotence'] !== undefined)
      throw ConfigError.invalid('acks', options.acks, 'enable.idempotence=true needs acks=all')
    return { ...options, 'enable.idempotence': false } // the default gives way to an explicit acks, as in Java
  }
  return options
}

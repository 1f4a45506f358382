import { ConnectError } from '../api/index.ts'

/**
 * What is wrong with the bytes, or with the value that was to become bytes (org.apache.kafka.common.errors.SerializationException): the cause of
 * a DataError, whose own message is word for word that of Kafka Connect, since people sort dead letters by it.
 */
export class SerializationError extends ConnectError {
  constructor(message: string) {
    super(message, { code: 'DATA' })
  }
}

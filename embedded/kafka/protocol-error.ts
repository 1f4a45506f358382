/** A refusal with Kafka's error code: what a handler throws and the answer carries. */
export class ProtocolError extends Error {
  readonly errorCode: number
  constructor(errorCode: number, message: string) {
    super(message)
    this.name = 'ProtocolError'
    this.errorCode = errorCode
  }
}

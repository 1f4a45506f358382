/** The client is not who it says, or does not follow the mechanism; the message is told to it. */
export class SaslError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'SaslError'
  }
}

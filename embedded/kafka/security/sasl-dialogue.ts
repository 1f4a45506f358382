/** One authentication. Throws SaslError when it fails. */
export interface SaslDialogue {
  /** The answer to the client's next message. */
  respond(message: Buffer): Buffer
  /** Who the client is, once that is certain. */
  readonly principal: string | undefined
}

/** What a plugin may log through. Lines carry the connector and task context already. */
export interface Logger {
  debug(message: string, fields?: object): void
  info(message: string, fields?: object): void
  warn(message: string, fields?: object): void
  error(message: string, fields?: object): void
  /** A logger whose lines begin with `context` too. */
  child(context: string): Logger
}

export interface Command {
  /** What --help prints. */
  readonly help: string
  /** Ends with the exit code. */
  run(args: readonly string[]): Promise<number>
}

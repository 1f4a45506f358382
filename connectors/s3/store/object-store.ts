/** What the writers need of a store of objects. Failures are classified by store-errors.ts; every call may be repeated. */
export interface ObjectStore {
  put(key: string, body: Buffer, signal: AbortSignal): Promise<void>
  createUpload(key: string, signal: AbortSignal): Promise<string>
  /** Part numbers begin at 1. Resolves with the part's tag. */
  uploadPart(key: string, upload: string, number: number, body: Buffer, signal: AbortSignal): Promise<string>
  completeUpload(key: string, upload: string, tags: readonly string[], signal: AbortSignal): Promise<void>
  abortUpload(key: string, upload: string): Promise<void>
  /** Throws ConfigError when the bucket is missing or the credentials are wrong; a store that cannot be reached throws too. */
  check(signal: AbortSignal): Promise<void>
  close(): void
}

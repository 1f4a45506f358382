/** An object as it lies in the store. */
export interface ExistingObject {
  /** Without quotes. */
  readonly etag: string
  /** Of the content, decompressed where the writers compress. */
  readonly bytes: number
  readonly sha256: string
  /** Its first bytes, 4096 at most. */
  readonly head: Buffer
}

/** What the writers need of a store of objects. Failures are classified by store-errors.ts; every call may be repeated. */
export interface ObjectStore {
  /** With `conditionalWrites` a put or a completion never replaces an object: it fails as kind `exists`. */
  put(key: string, body: Buffer, signal: AbortSignal): Promise<void>
  /** What is there under the name. Answers `forbidden` when it may not be read, `missing` when there is none. */
  inspect(key: string, isGzip: boolean, signal: AbortSignal): Promise<ExistingObject | 'forbidden' | 'missing'>
  createUpload(key: string, signal: AbortSignal): Promise<string>
  /** Part numbers begin at 1. Resolves with the part's tag. */
  uploadPart(key: string, upload: string, number: number, body: Buffer, signal: AbortSignal): Promise<string>
  completeUpload(key: string, upload: string, tags: readonly string[], signal: AbortSignal): Promise<void>
  abortUpload(key: string, upload: string): Promise<void>
  /** Throws ConfigError when the bucket is missing or the credentials are wrong; a store that cannot be reached throws too. */
  check(signal: AbortSignal): Promise<void>
  close(): void
}

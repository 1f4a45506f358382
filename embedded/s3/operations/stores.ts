import type { KeyLocks } from '../key-locks.ts'
import type { MultipartUploads } from '../multipart-uploads.ts'
import type { ObjectFiles } from '../object-files.ts'
import type { S3Request } from '../request.ts'

/** What the operations work on. */
export interface Stores {
  readonly files: ObjectFiles
  readonly uploads: MultipartUploads
  readonly locks: KeyLocks
  /** Answers of recent CompleteMultipartUpload requests by upload id: repeating one is answered alike, as S3 does. */
  readonly completed: Map<string, string>
  readonly region: string
}

export type Handler = (request: S3Request, stores: Stores) => Promise<void>

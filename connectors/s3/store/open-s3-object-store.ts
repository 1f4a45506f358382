import type { S3ObjectStore, S3Options } from './s3-object-store.ts'

/** The S3 SDK is the largest thing a worker can load; only threads that talk to S3 do. */
export async function openS3ObjectStore(options: S3Options): Promise<S3ObjectStore> {
  const { S3ObjectStore } = await import('./s3-object-store.ts')
  return new S3ObjectStore(options)
}

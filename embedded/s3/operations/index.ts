import type { Operation } from '../operation.ts'
import * as buckets from './bucket-operations.ts'
import * as multipart from './multipart-operations.ts'
import * as objects from './object-operations.ts'
import type { Handler } from './stores.ts'

export const HANDLERS: Readonly<Record<Operation, Handler>> = {
  ListBuckets: buckets.listBuckets,
  CreateBucket: buckets.createBucket,
  HeadBucket: buckets.headBucket,
  DeleteBucket: buckets.deleteBucket,
  GetBucketLocation: buckets.getBucketLocation,
  GetBucketVersioning: buckets.getBucketVersioning,
  ListObjects: buckets.listObjects,
  ListObjectsV2: buckets.listObjectsV2,
  DeleteObjects: buckets.deleteObjects,
  PutObject: objects.putObject,
  CopyObject: objects.copyObject,
  GetObject: objects.getObject,
  HeadObject: objects.headObject,
  DeleteObject: objects.deleteObject,
  PutObjectTagging: objects.putObjectTagging,
  GetObjectTagging: objects.getObjectTagging,
  DeleteObjectTagging: objects.deleteObjectTagging,
  CreateMultipartUpload: multipart.createMultipartUpload,
  UploadPart: multipart.uploadPart,
  CompleteMultipartUpload: multipart.completeMultipartUpload,
  AbortMultipartUpload: multipart.abortMultipartUpload,
  ListParts: multipart.listParts,
  ListMultipartUploads: multipart.listMultipartUploads,
}

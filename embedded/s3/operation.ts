/** Which of S3's operations a request is; `undefined`: none that is implemented. */
export type Operation =
  | 'ListBuckets'
  | 'CreateBucket'
  | 'HeadBucket'
  | 'DeleteBucket'
  | 'GetBucketLocation'
  | 'GetBucketVersioning'
  | 'ListObjects'
  | 'ListObjectsV2'
  | 'ListMultipartUploads'
  | 'DeleteObjects'
  | 'PutObject'
  | 'CopyObject'
  | 'GetObject'
  | 'HeadObject'
  | 'DeleteObject'
  | 'PutObjectTagging'
  | 'GetObjectTagging'
  | 'DeleteObjectTagging'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'ListParts'

/** Sub-resources that change the meaning of a request and are not implemented: better a clear 501 than a wrong answer. */
const UNSUPPORTED = [
  'accelerate', 'acl', 'analytics', 'attributes', 'cors', 'encryption', 'intelligent-tiering', 'inventory', 'legal-hold',
  'lifecycle', 'logging', 'metrics', 'notification', 'object-lock', 'ownershipControls', 'policy', 'policyStatus',
  'publicAccessBlock', 'replication', 'requestPayment', 'restore', 'retention', 'select', 'torrent', 'versions', 'website',
] // prettier-ignore

interface Request {
  readonly method: string
  readonly bucket: string
  readonly key: string
  readonly query: ReadonlyMap<string, string>
  readonly isCopy: boolean
}

export function operationOf({ method, bucket, key, query, isCopy }: Request): Operation | undefined {
  if (bucket === '') return method === 'GET' ? 'ListBuckets' : undefined
  if (UNSUPPORTED.some((name) => query.has(name))) return undefined
  return key === '' ? bucketOperation(method, query) : objectOperation(method, query, isCopy)
}

function bucketOperation(method: string, query: ReadonlyMap<string, string>): Operation | undefined {
  switch (method) {
    case 'PUT':
      return query.has('versioning') || query.has('tagging') ? undefined : 'CreateBucket'
    case 'HEAD':
      return 'HeadBucket'
    case 'DELETE':
      return query.has('tagging') ? undefined : 'DeleteBucket'
    case 'POST':
      return query.has('delete') ? 'DeleteObjects' : undefined
    case 'GET':
      if (query.has('location')) return 'GetBucketLocation'
      if (query.has('versioning')) return 'GetBucketVersioning'
      if (query.has('uploads')) return 'ListMultipartUploads'
      if (query.has('tagging')) return undefined
      return query.get('list-type') === '2' ? 'ListObjectsV2' : 'ListObjects'
    default:
      return undefined
  }
}

function objectOperation(method: string, query: ReadonlyMap<string, string>, isCopy: boolean): Operation | undefined {
  const upload = query.has('uploadId')
  const tagging = query.has('tagging')
  switch (method) {
    case 'PUT':
      if (upload) return isCopy ? undefined : 'UploadPart'
      if (tagging) return 'PutObjectTagging'
      return isCopy ? 'CopyObject' : 'PutObject'
    case 'GET':
      if (upload) return 'ListParts'
      return tagging ? 'GetObjectTagging' : 'GetObject'
    case 'HEAD':
      return 'HeadObject'
    case 'DELETE':
      if (upload) return 'AbortMultipartUpload'
      return tagging ? 'DeleteObjectTagging' : 'DeleteObject'
    case 'POST':
      if (query.has('uploads')) return 'CreateMultipartUpload'
      return upload ? 'CompleteMultipartUpload' : undefined
    default:
      return undefined
  }
}

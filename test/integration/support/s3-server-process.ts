import { EmbeddedS3 } from '../../../embedded/s3/server.ts'

/** An embedded S3 server in a process of its own, to be killed or measured: `fork(thisFile, [dataDir])`, answers its address. */
const [dataDir = ''] = process.argv.slice(2)
const { endpoint, region, accessKeyId, secretAccessKey } = await EmbeddedS3.start({ dataDir, buckets: ['bucket'] })
process.send?.({ endpoint, region, accessKeyId, secretAccessKey })

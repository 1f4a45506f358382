import { validators } from 'naru/api'

/** Keys whose feature is not there: the default passes, any other value is refused with a remedy (cross-checks.ts). */
export const compatibilityKeys = {
  'schema.compatibility': { type: 'STRING', default: 'NONE', importance: 'HIGH', group: 'Connector', documentation: 'NONE: a record of another schema begins a new object.' },
  's3.wan.mode': { type: 'BOOLEAN', default: false, importance: 'MEDIUM', group: 'S3', documentation: 'S3 transfer acceleration; needs s3.path.style.access.enabled=false.' },
  's3.sse.customer.key': { type: 'PASSWORD', default: null, importance: 'LOW', group: 'S3', documentation: 'Encryption with a key of the customer.' },
  's3.proxy.url': { type: 'STRING', default: '', importance: 'LOW', group: 'S3', documentation: 'HTTP proxy.' },
  's3.proxy.user': { type: 'STRING', default: null, importance: 'LOW', group: 'S3', documentation: 'User of the proxy.' },
  's3.proxy.password': { type: 'PASSWORD', default: null, importance: 'LOW', group: 'S3', documentation: 'Password of the proxy.' },
  's3.object.tagging': { type: 'BOOLEAN', default: false, importance: 'LOW', group: 'S3', documentation: 'Tag objects with their offsets and record count.' },
  's3.schema.partition.affix.type': { type: 'STRING', default: 'NONE', validator: validators.oneOf('NONE', 'PREFIX', 'SUFFIX'), importance: 'LOW', group: 'S3', documentation: 'Add the schema name to the folders.' },
  's3.credentials.provider.class': { type: 'CLASS', default: 'software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider', importance: 'LOW', group: 'S3', documentation: 'Where credentials come from when no static ones are given: the default chain of the AWS SDK.' },
} as const // prettier-ignore

/** Keys that are accepted and have no effect: they tune what works differently here or formats that are not chosen. */
export const ignoredKeys = {
  'avro.codec': { type: 'STRING', default: 'null', importance: 'LOW', group: 'Connector', documentation: 'Codec of Avro objects.' },
  'parquet.codec': { type: 'STRING', default: 'snappy', importance: 'LOW', group: 'Connector', documentation: 'Codec of Parquet objects.' },
  'schemas.cache.config': { type: 'INT', default: 1000, importance: 'LOW', group: 'Connector', documentation: 'Size of the Avro schema cache.' },
  'enhanced.avro.schema.support': { type: 'BOOLEAN', default: true, importance: 'LOW', group: 'Connector', documentation: 'Keep enums in Avro.' },
  'connect.meta.data': { type: 'BOOLEAN', default: true, importance: 'LOW', group: 'Connector', documentation: 'Connect metadata in Avro schemas.' },
  'allow.optional.map.keys': { type: 'BOOLEAN', default: false, importance: 'LOW', group: 'Connector', documentation: 'Maps with optional keys as Avro maps.' },
  'shutdown.timeout.ms': { type: 'LONG', default: 3000, importance: 'LOW', group: 'Connector', documentation: 'Unused.' },
  'max.write.duration.ms': { type: 'LONG', default: 9223372036854775807, importance: 'LOW', group: 'Connector', documentation: 'Unused: uploads run in the background.' },
  's3.http.send.expect.continue': { type: 'BOOLEAN', default: true, importance: 'LOW', group: 'S3', documentation: 'Expect: 100-continue on large uploads.' },
  's3.elastic.buffer.enable': { type: 'BOOLEAN', default: false, importance: 'LOW', group: 'S3', documentation: 'Unused: buffers always grow as needed.' },
  's3.elastic.buffer.init.capacity': { type: 'INT', default: 131072, validator: validators.atLeast(4096), importance: 'LOW', group: 'S3', documentation: 'Unused.' },
  's3.object.tagging.key.value.pairs': { type: 'LIST', default: [], importance: 'LOW', group: 'S3', documentation: 'More tags.' },
  's3.object.behavior.on.tagging.error': { type: 'STRING', default: 'ignore', validator: validators.oneOfIgnoreCase('ignore', 'fail'), importance: 'LOW', group: 'S3', documentation: 'What a failed tagging does.' },
  'max.files.scan.limit': { type: 'INT', default: 100, importance: 'LOW', group: 'S3', documentation: 'Unused: the next free name is found by trying.' },
} as const // prettier-ignore

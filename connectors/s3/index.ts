import { definePlugin } from 'naru/api'
import { S3SinkConnector } from './s3-sink-connector.ts'
import { VERSION } from './version.ts'

export default definePlugin({
  name: '@naru/s3',
  version: VERSION,
  connectors: { 'io.confluent.connect.s3.S3SinkConnector': S3SinkConnector },
})

import { definePlugin } from 'naru/api'
import { FileStreamSinkConnector } from './file-stream-sink.ts'
import { FileStreamSourceConnector } from './file-stream-source.ts'

export default definePlugin({
  name: '@naru/file',
  version: '4.3.1',
  connectors: {
    'org.apache.kafka.connect.file.FileStreamSourceConnector': FileStreamSourceConnector,
    'org.apache.kafka.connect.file.FileStreamSinkConnector': FileStreamSinkConnector,
  },
})

import { definePlugin } from 'naru/api'
import { MySinkConnector } from './my-sink.ts'
import { MySourceConnector } from './my-source.ts'

/** What a worker finds in this package: the names are those of `connector.class`. */
export default definePlugin({
  name: 'my-connector',
  version: '0.1.0',
  connectors: {
    'example.MySourceConnector': MySourceConnector,
    'example.MySinkConnector': MySinkConnector,
  },
})

import { definePlugin } from 'naru/api'
import { SequenceSourceConnector } from './sequence-source.ts'

/** A source whose every record can be accounted for. */
export default definePlugin({
  name: 'sequence-plugin',
  version: '1.0.0',
  connectors: { 'sequence.SequenceSource': SequenceSourceConnector },
})

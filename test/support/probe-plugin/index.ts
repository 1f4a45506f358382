import { definePlugin } from 'naru/api'
import { ProbeSinkConnector } from './probe-sink.ts'
import { ProbeSourceConnector } from './probe-source.ts'

/** Connectors that do what a test says, and tell it what happens to them (probe-channel.ts). */
export default definePlugin({
  name: 'probe-plugin',
  version: '1.0.0',
  connectors: { 'probe.ProbeSource': ProbeSourceConnector, 'probe.ProbeSink': ProbeSinkConnector },
})

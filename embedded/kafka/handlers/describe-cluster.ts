import { APIS, ErrorCode } from 'naru/protocol'

import { handler } from './handler.ts'

const BROKERS = 1

export const describeCluster = handler({
  api: APIS.DescribeCluster,

  handle({ endpointType }, call) {
    const { node } = call
    const { metadata } = call.broker
    if (endpointType !== BROKERS) {
      const errorMessage = 'The request was sent to an endpoint of the wrong type: this one belongs to a broker.'
      return {
        errorCode: ErrorCode.MISMATCHED_ENDPOINT_TYPE,
        errorMessage,
        endpointType: BROKERS,
        clusterId: '',
        brokers: [],
      }
    }
    return {
      errorCode: ErrorCode.NONE,
      clusterId: metadata.clusterId,
      controllerId: node.nodeId,
      brokers: [{ brokerId: node.nodeId, host: node.host, port: node.port }],
    }
  },

  failed: (_request, errorCode) => ({ errorCode, clusterId: '', brokers: [] }),
})

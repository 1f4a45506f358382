import { Api } from '../api.ts'
import { array, bool, int16, int32, list, string, uuid } from '../schema.ts'

/** https://kafka.apache.org/protocol#The_Messages_Metadata */
export const Metadata = new Api({
  key: 3,
  name: 'Metadata',
  versions: [0, 13],
  flexible: 9,
  request: {
    topics: array({ topicId: uuid({ from: 10 }), name: string({ nullable: 10 }) }, { nullable: 1 }),
    allowAutoTopicCreation: bool({ from: 4, default: true }),
    includeClusterAuthorizedOperations: bool({ from: 8, to: 10 }),
    includeTopicAuthorizedOperations: bool({ from: 8 }),
  },
  response: {
    throttleTimeMs: int32({ from: 3 }),
    brokers: array({
      nodeId: int32(),
      host: string(),
      port: int32(),
      rack: string({ from: 1, nullable: 1, default: null }),
    }),
    clusterId: string({ from: 2, nullable: 2, default: null }),
    controllerId: int32({ from: 1, default: -1 }),
    topics: array({
      errorCode: int16(),
      name: string({ nullable: 12 }),
      topicId: uuid({ from: 10 }),
      isInternal: bool({ from: 1 }),
      partitions: array({
        errorCode: int16(),
        partitionIndex: int32(),
        leaderId: int32(),
        leaderEpoch: int32({ from: 7, default: -1 }),
        replicaNodes: list(int32),
        isrNodes: list(int32),
        offlineReplicas: list(int32, { from: 5 }),
      }),
      topicAuthorizedOperations: int32({ from: 8, default: -2147483648 }),
    }),
    clusterAuthorizedOperations: int32({ from: 8, to: 10, default: -2147483648 }),
    errorCode: int16({ from: 13 }),
  },
})

import type { AnyApi } from './api.ts'
import { Produce } from './messages/produce.ts'
import { Fetch } from './messages/fetch.ts'
import { ListOffsets } from './messages/list-offsets.ts'
import { Metadata } from './messages/metadata.ts'
import { OffsetCommit } from './messages/offset-commit.ts'
import { OffsetFetch } from './messages/offset-fetch.ts'
import { FindCoordinator } from './messages/find-coordinator.ts'
import { JoinGroup } from './messages/join-group.ts'
import { Heartbeat } from './messages/heartbeat.ts'
import { LeaveGroup } from './messages/leave-group.ts'
import { SyncGroup } from './messages/sync-group.ts'
import { DescribeGroups } from './messages/describe-groups.ts'
import { ListGroups } from './messages/list-groups.ts'
import { SaslHandshake } from './messages/sasl-handshake.ts'
import { ApiVersions } from './messages/api-versions.ts'
import { CreateTopics } from './messages/create-topics.ts'
import { DeleteTopics } from './messages/delete-topics.ts'
import { DeleteRecords } from './messages/delete-records.ts'
import { InitProducerId } from './messages/init-producer-id.ts'
import { AddPartitionsToTxn } from './messages/add-partitions-to-txn.ts'
import { AddOffsetsToTxn } from './messages/add-offsets-to-txn.ts'
import { EndTxn } from './messages/end-txn.ts'
import { WriteTxnMarkers } from './messages/write-txn-markers.ts'
import { TxnOffsetCommit } from './messages/txn-offset-commit.ts'
import { DescribeConfigs } from './messages/describe-configs.ts'
import { AlterConfigs } from './messages/alter-configs.ts'
import { SaslAuthenticate } from './messages/sasl-authenticate.ts'
import { CreatePartitions } from './messages/create-partitions.ts'
import { DeleteGroups } from './messages/delete-groups.ts'
import { IncrementalAlterConfigs } from './messages/incremental-alter-configs.ts'
import { OffsetDelete } from './messages/offset-delete.ts'
import { DescribeCluster } from './messages/describe-cluster.ts'
import { DescribeProducers } from './messages/describe-producers.ts'
import { DescribeTransactions } from './messages/describe-transactions.ts'
import { ListTransactions } from './messages/list-transactions.ts'

/** Every API whose tables are here, by name. */
export const APIS = {
  Produce,
  Fetch,
  ListOffsets,
  Metadata,
  OffsetCommit,
  OffsetFetch,
  FindCoordinator,
  JoinGroup,
  Heartbeat,
  LeaveGroup,
  SyncGroup,
  DescribeGroups,
  ListGroups,
  SaslHandshake,
  ApiVersions,
  CreateTopics,
  DeleteTopics,
  DeleteRecords,
  InitProducerId,
  AddPartitionsToTxn,
  AddOffsetsToTxn,
  EndTxn,
  WriteTxnMarkers,
  TxnOffsetCommit,
  DescribeConfigs,
  AlterConfigs,
  SaslAuthenticate,
  CreatePartitions,
  DeleteGroups,
  IncrementalAlterConfigs,
  OffsetDelete,
  DescribeCluster,
  DescribeProducers,
  DescribeTransactions,
  ListTransactions,
} as const

export type ApiName = keyof typeof APIS

const BY_KEY: ReadonlyMap<number, AnyApi> = new Map(
  Object.values(APIS).map((api) => [api.key, api as unknown as AnyApi]),
)

/** Undefined for a key this project has no tables for. */
export function apiByKey(key: number): AnyApi | undefined {
  return BY_KEY.get(key)
}

/** Every API this broker serves. To add one: a file beside this one, and a line here. */
import { addOffsetsToTxn } from './add-offsets-to-txn.ts'
import { addPartitionsToTxn } from './add-partitions-to-txn.ts'
import { alterConfigs } from './alter-configs.ts'
import { apiVersions } from './api-versions.ts'
import { createPartitions } from './create-partitions.ts'
import { createTopics } from './create-topics.ts'
import { deleteGroups } from './delete-groups.ts'
import { deleteRecords } from './delete-records.ts'
import { deleteTopics } from './delete-topics.ts'
import { describeCluster } from './describe-cluster.ts'
import { describeConfigs } from './describe-configs.ts'
import { describeGroups } from './describe-groups.ts'
import { describeProducers } from './describe-producers.ts'
import { describeTransactions } from './describe-transactions.ts'
import { endTxn } from './end-txn.ts'
import { fetch } from './fetch.ts'
import { findCoordinator } from './find-coordinator.ts'
import type { AnyHandler } from './handler.ts'
import { heartbeat } from './heartbeat.ts'
import { incrementalAlterConfigs } from './incremental-alter-configs.ts'
import { initProducerId } from './init-producer-id.ts'
import { joinGroup } from './join-group.ts'
import { leaveGroup } from './leave-group.ts'
import { listGroups } from './list-groups.ts'
import { listOffsets } from './list-offsets.ts'
import { listTransactions } from './list-transactions.ts'
import { metadata } from './metadata.ts'
import { offsetCommit } from './offset-commit.ts'
import { offsetDelete } from './offset-delete.ts'
import { offsetFetch } from './offset-fetch.ts'
import { produce } from './produce.ts'
import { saslAuthenticate } from './sasl-authenticate.ts'
import { saslHandshake } from './sasl-handshake.ts'
import { syncGroup } from './sync-group.ts'
import { txnOffsetCommit } from './txn-offset-commit.ts'
import { writeTxnMarkers } from './write-txn-markers.ts'

const ALL: readonly AnyHandler[] = [
  produce,
  fetch,
  listOffsets,
  metadata,
  offsetCommit,
  offsetFetch,
  findCoordinator,
  joinGroup,
  heartbeat,
  leaveGroup,
  syncGroup,
  describeGroups,
  listGroups,
  saslHandshake,
  apiVersions(() => ALL),
  createTopics,
  deleteTopics,
  deleteRecords,
  initProducerId,
  addPartitionsToTxn,
  addOffsetsToTxn,
  endTxn,
  writeTxnMarkers,
  txnOffsetCommit,
  describeConfigs,
  alterConfigs,
  saslAuthenticate,
  createPartitions,
  deleteGroups,
  incrementalAlterConfigs,
  offsetDelete,
  describeCluster,
  describeProducers,
  describeTransactions,
  listTransactions,
]

export const HANDLERS: ReadonlyMap<number, AnyHandler> = new Map(ALL.map((handler) => [handler.api.key, handler]))

export {
  type CheckedClusterConfig,
  checkClusterConfig,
  type ClusterNodeConfig,
  type CompactionConfig,
  DEFAULT_CLUSTER_CONFIG,
  GROUPS_MAX,
  HEARTBEATS_PER_ELECTION_MIN,
  type JoinRetryConfig,
} from './cluster-config.js';
export { ClusterNode, type LeaderHint, type MetadataFace } from './cluster-node.js';
export type { ClusterNodeOptions } from './cluster-node-options.js';
export type { Proposed, ProposalSink, ReadSink } from './group/completion-sink.js';
export type { AppliedConfChange, GroupObserver, GroupTraceSink } from './group/group-observer.js';
export {
  DEFAULT_GROUP_LIMITS,
  DEFAULT_GROUP_RULES,
  DEFAULT_GROUP_TIMING,
  type GroupLimits,
  type GroupRules,
  type GroupTiming,
} from './group/group-options.js';
export type { GroupStatus, LeaderChange, PeerProgress, RoleName } from './group/group-status.js';
export { LIFECYCLE_PHASES, type LifecyclePhase, type LifecycleState } from './lifecycle/lifecycle-state.js';
export { type LifecycleListener, oneHot } from './lifecycle/lifecycle.js';
export type { AddedMember, Member, Members, PinChange } from './membership/members.js';
export type { MetadataProposed } from './metadata/metadata-proposals.js';
export type { WaitOptions } from './multi-raft/multi-raft.js';
export type { ClusterEvent, ClusterEventListener, ClusterEventName } from './observability/cluster-event.js';
export {
  type MetricFamily,
  type MetricReader,
  type MetricSample,
  MetricsRegistry,
  SERIES_MAX,
} from './observability/metrics-registry.js';
export type { GroupLoad } from './group/group-load.js';
export type { GroupReport, NodeStatus, PeerReport, ReadinessCheck } from './observability/node-status.js';
export { RaftNode, type RaftNodeOptions, type RaftNodeStatus, type Submitted } from './raft-node.js';
export { SessionExpiry, type SessionExpiryOptions } from './session/session-expiry.js';
export { decodeSessionResult } from './session/session-result.js';
export { SessionStateMachine } from './session/session-state-machine.js';
export { DEFAULT_SESSION_LIMITS, type SessionLimits } from './session/session-table.js';
export { DEFAULT_SNAPSHOT_OPTIONS, type SnapshotOptions } from './snapshot/snapshot-options.js';
export { DEFAULT_SNAPSHOT_POLICY, type SnapshotPolicy } from './snapshot/snapshot-policy.js';
export type { Command, PinnedSnapshot, StateMachine } from './state-machine.js';

export {
  type Address,
  canonicalAddress,
  compareAddresses,
  isAdvertisable,
  parseAddress,
  smallestSeed,
  sortedAddresses,
} from './address/address.js';
export {
  type InitialPlacement,
  initialPlacement,
  type InitialPlacementOptions,
  initialRoutingTable,
} from './placement/initial-placement.js';
export {
  type JoinPlanInput,
  type JoinStep,
  mayPromote,
  METADATA_VOTERS_MAX,
  planJoin,
  type PromotionInput,
  votersMax,
} from './placement/join-placement.js';
export {
  type LeaderBalanceOptions,
  type LeaderTransfer,
  type LedGroup,
  planLeaderTransfers,
} from './placement/leader-balance.js';
export {
  type MembershipPlanInput,
  type MembershipStep,
  planRemoval,
  planReplacement,
} from './placement/membership-plan.js';
export { type LeaderHint, LeaderHints } from './routing-table/leader-hints.js';
export { decodeRoutingTable, encodeRoutingTable } from './routing-table/routing-table-codec.js';
export {
  createRoutingTable,
  EMPTY_ROUTING_TABLE,
  type GroupMembership,
  groupOfVshard,
  type GroupPlacement,
  groupsOfNode,
  METADATA_GROUP,
  type RoutingTable,
  routingTableFault,
  vshardCounts,
  vshardsOfGroup,
  withGroupCreated,
  withGroupMembership,
  withGroupRemoved,
  withVshardMoved,
} from './routing-table/routing-table.js';
export { type Admission, type AdmissionRequest, decideAdmission } from './topology/admission.js';
export { decodeNodeInfo, decodeTopology, encodeNodeInfo, encodeTopology } from './topology/topology-codec.js';
export {
  type ClusterTopology,
  EMPTY_TOPOLOGY,
  nodeFault,
  type NodeInfo,
  nodeOfIncarnation,
  nodesInState,
  type NodeState,
  TOPOLOGY_LIMITS,
  type WireVersionRange,
  withNode,
  withNodeAddresses,
  withNodeState,
} from './topology/topology.js';
export { uniformVshardMap, VSHARD_COUNT, vshardOfKey } from './vshard/vshard.js';

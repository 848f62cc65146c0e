import { toHex } from '@flotilla/bytes';
import { EMPTY_TOPOLOGY, initialRoutingTable, type NodeInfo, withNode } from '@flotilla/routing';
import type { Runtime } from '@flotilla/runtime';
import type { HeldGroup } from '../membership/group-host.js';
import { targetsOf } from '../metadata/apply-metadata.js';
import type { MetadataEntry } from '../metadata/metadata-entry.js';
import type { MetadataState } from '../metadata/metadata-state.js';

const CLUSTER_ID_BYTES = 16;

/** What a founder decides. */
export interface FoundingOptions {
  readonly runtime: Runtime;
  /** The founder itself, active. */
  readonly node: NodeInfo;
  /** Beside group 0. */
  readonly dataGroups: number;
  /** Voters that each data group settles at, once there are so many nodes. */
  readonly replicationFactor: number;
}

/** What is known of a cluster that was just founded, before group 0 has any entry: a new cluster id, one node, all groups on it. */
export function foundCluster(options: FoundingOptions): MetadataState {
  const { runtime, node, dataGroups, replicationFactor } = options;
  const routing = initialRoutingTable({ nodes: [node.id], dataGroups, replicationFactor });
  return {
    index: 0,
    clusterId: toHex(runtime.randomBytes(CLUSTER_ID_BYTES)),
    replicationFactor,
    epoch: 0,
    epochTerm: 0,
    topology: withNode(EMPTY_TOPOLOGY, node),
    routing,
    targets: targetsOf(routing),
  };
}

/** The replicas of a founder: all groups, alone in each. */
export function foundingGroups(state: MetadataState, node: number, workerFor: (group: number) => number): HeldGroup[] {
  return [...state.routing.groups.values()].map(({ group, incarnation }) => ({
    group,
    worker: workerFor(group),
    incarnation,
    founders: [node],
    established: false,
  }));
}

/** The command that brings a founder's decision into group 0; undefined once group 0 has it, or where the node founded nothing. */
export function foundingEntry(state: MetadataState): (MetadataEntry & { readonly kind: 'found' }) | undefined {
  const { index, clusterId, replicationFactor, topology, routing } = state;
  if (index !== 0 || clusterId === undefined) return undefined;
  return { kind: 'found', clusterId, replicationFactor, topology, routing };
}

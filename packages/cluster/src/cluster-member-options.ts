import type { FlotillaError } from '@flotilla/errors';
import type { Runtime } from '@flotilla/runtime';
import type { LogEngine, SnapshotStore } from '@flotilla/storage';
import type { NodeCatalog } from './bootstrap/node-catalog.js';
import type { CheckedClusterConfig } from './cluster-config.js';
import type { GroupObserver, GroupTraceSink } from './group/group-observer.js';
import type { PeerLinks } from './liveness/peer-links.js';
import type { PeerRequests } from './liveness/peer-requests.js';
import type { HeldGroup } from './membership/group-host.js';
import type { ClusterEpoch } from './metadata/cluster-epoch.js';
import type { ClusterView } from './metadata/cluster-view.js';
import type { ClusterEventListener } from './observability/cluster-event.js';
import type { StateMachine } from './state-machine.js';

/** What a member is made of: all that a node knows once it belongs to a cluster. */
export interface ClusterMemberOptions {
  readonly runtime: Runtime;
  readonly config: CheckedClusterConfig;
  readonly nodeId: number;
  readonly incarnation: string;
  readonly hostEpoch: number;
  readonly addresses: readonly string[];
  readonly view: ClusterView;
  readonly epoch: ClusterEpoch;
  readonly links: PeerLinks;
  readonly requests: PeerRequests;
  readonly catalog: NodeCatalog;
  readonly held: readonly HeldGroup[];
  /** One engine a worker. */
  readonly logs: readonly LogEngine[];
  readonly snapshots: SnapshotStore;
  readonly stateMachine: (group: number) => StateMachine;
  readonly metadataStateMachine: (() => StateMachine) | undefined;
  readonly observers: readonly GroupObserver[];
  readonly trace: GroupTraceSink | undefined;
  readonly onEvent: ClusterEventListener;
  /** This node serves: group 0 applied something here, or it holds no replica of it. */
  readonly ready: () => void;
  /** The cluster took this node out, or its disk failed. */
  readonly failed: (error: FlotillaError) => void;
}

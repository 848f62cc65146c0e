import type { Runtime } from '@flotilla/runtime';
import type { Catalog, LogEngine, SnapshotStore } from '@flotilla/storage';
import type { Transport } from '@flotilla/transport';
import type { ClusterNodeConfig } from './cluster-config.js';
import type { GroupObserver, GroupTraceSink } from './group/group-observer.js';
import type { ClusterEventListener } from './observability/cluster-event.js';
import type { StateMachine } from './state-machine.js';

/** What a node is made of. The node owns nothing of it that it did not open: engines, catalog and transports are closed by `stop`. */
export interface ClusterNodeOptions {
  readonly config: ClusterNodeConfig;
  /** Carriers for the schemes of the addresses. Closed by `stop`. */
  readonly transports: readonly Transport[];
  /** The log engine of a worker; asked once a worker, from 0. Closed by `stop`. */
  readonly log: (worker: number) => LogEngine | Promise<LogEngine>;
  /** Closed by `stop`. */
  readonly snapshots: SnapshotStore;
  /** Closed by `stop`. */
  readonly catalog: Catalog;
  readonly runtime: Runtime;
  /** A fresh state machine for a data group; called each time the group is opened. */
  readonly stateMachine: (group: number) => StateMachine;
  /** A fresh applier of the user commands of group 0 (`metadata.propose`); called each time group 0 is opened. Without it their result is empty. */
  readonly metadataStateMachine?: () => StateMachine;
  /** SHA-256 of the SubjectPublicKeyInfo of this node's certificate, 32 bytes, where it has one: peers hold later connections against it. */
  readonly spkiPin?: Uint8Array;
  readonly onEvent?: ClusterEventListener;
  /** Told what happens to the groups, from the first one that is opened on. */
  readonly observers?: readonly GroupObserver[];
  /** Told of everything that happens in the cores of all groups, for tests and tools. */
  readonly trace?: GroupTraceSink;
}

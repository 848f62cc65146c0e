import type { FlotillaError } from '@flotilla/errors';
import type { LogEngine, SnapshotMark, SnapshotStore } from '@flotilla/storage';
import type { GroupSpec } from './multi-raft/group-spec.js';
import type { MultiRaft } from './multi-raft/multi-raft.js';
import type { RecoveryReport } from './raft-loop/group-opening.js';
import type { LoopMetrics } from './raft-loop/loop-metrics.js';
import type { RaftLoopOptions } from './raft-loop/raft-loop-options.js';
import { RaftLoop } from './raft-loop/raft-loop.js';
import { GroupSnapshots } from './snapshot/group-snapshots.js';
import type { SnapshotOptions } from './snapshot/snapshot-options.js';

/** What a worker is made of. */
export interface RaftWorkerOptions extends Omit<RaftLoopOptions, 'snapshots'> {
  readonly log: LogEngine;
  readonly snapshots: SnapshotStore;
  /** When snapshots are taken, and how they are carried. */
  readonly snapshotting?: Partial<SnapshotOptions>;
}

/**
 * A pump with its engine, its groups and their snapshots: what a node has one of, until it has threads. A node's groups are divided
 * among its workers, and nothing is shared between two of them but the connections to the peers.
 */
export class RaftWorker implements AsyncDisposable {
  readonly groups: MultiRaft;
  readonly #loop: RaftLoop;

  constructor(options: RaftWorkerOptions) {
    const { snapshots: store, snapshotting, ...loop } = options;
    const { runtime, peers } = options;
    const parts = { runtime, peers, store };
    const snapshots = new GroupSnapshots(snapshotting === undefined ? parts : { ...parts, options: snapshotting });
    this.groups = options.groups;
    this.#loop = new RaftLoop({ ...loop, snapshots });
  }

  /** Counters of the pump. */
  get metrics(): Readonly<LoopMetrics> {
    return this.#loop.metrics;
  }

  /** Set once the pump stopped by itself. */
  get failure(): FlotillaError | undefined {
    return this.#loop.failure;
  }

  /** Why nothing that needs room on the disk is taken; undefined while there is room. */
  get noRoom(): FlotillaError | undefined {
    return this.#loop.noRoom;
  }

  /** Whether nothing is said to the peers, since the disk hangs or is full. */
  get isSilent(): boolean {
    return this.#loop.isSilent;
  }

  /** Recovers, opens `groups` and runs: see `RaftLoop.start`. */
  start(groups: readonly GroupSpec[]): Promise<RecoveryReport> {
    return this.#loop.start(groups);
  }

  /** Placement changed: learners that were left alone are offered for promotion again. */
  reconsiderPromotions(): void {
    this.#loop.reconsiderPromotions();
  }

  /** Takes a snapshot of a group now; resolves with its mark when it is durable. */
  snapshotNow(group: number): Promise<SnapshotMark> {
    return this.#loop.snapshotNow(group);
  }

  /** Stops the pump, and waits for what is in flight. Closes neither log, store nor peers. */
  stop(): Promise<void> {
    return this.#loop.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

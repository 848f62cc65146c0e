import type { FlotillaError } from '@flotilla/errors';
import { groupOfVshard, vshardCounts } from '@flotilla/routing';
import { LogGuard } from './bootstrap/log-guard.js';
import type { ClusterMemberOptions } from './cluster-member-options.js';
import type { GroupObserver } from './group/group-observer.js';
import { DEFAULT_GROUP_LIMITS } from './group/group-options.js';
import { PromotionPolicy } from './membership/promotion-policy.js';
import { MultiRaft } from './multi-raft/multi-raft.js';
import type { ClusterEvent } from './observability/cluster-event.js';
import { RaftWorker } from './raft-worker.js';
import type { StateMachine } from './state-machine.js';

/** What the workers of a member need of it. */
export interface MemberWorkersHooks {
  /** A fresh state machine; called each time a group is opened. */
  readonly stateMachine: (group: number) => StateMachine;
  /** Where a node can be dialled first. */
  readonly addressOf: (node: number) => string | undefined;
  readonly isAlive: (node: number) => boolean;
  readonly observer: GroupObserver;
}

/** The workers of a member, one a log engine, as its configuration wants them. */
export function memberWorkers(options: ClusterMemberOptions, hooks: MemberWorkersHooks): RaftWorker[] {
  const { runtime, config, nodeId, links, epoch, view, snapshots, held, onEvent } = options;
  const promotion = new PromotionPolicy({ nodeId, state: () => view.state, onEvent });
  const timing = {
    electionTicks: config.electionTimeoutMs / config.tickMs,
    heartbeatTicks: config.heartbeatMs / config.tickMs,
  };
  return options.logs.map((log, worker) => {
    const groups = new MultiRaft({
      nodeId,
      runtime,
      stateMachine: hooks.stateMachine,
      timing,
      rules: { preVote: config.preVote, checkQuorum: config.checkQuorum, leaseReads: config.leaseReads },
      limits: config.limits,
      tickMs: config.tickMs,
      routing: {
        groupForVshard: (vshard) => groupOfVshard(view.state.routing, vshard),
        vshardCount: (group) => vshardCounts(view.state.routing).get(group) ?? 0,
      },
      addresses: { addressOf: hooks.addressOf },
      hosts: { isAlive: hooks.isAlive },
      observers: [hooks.observer, ...options.observers],
      ...(options.trace === undefined ? {} : { trace: options.trace }),
    });
    const established = held.filter((group) => group.worker === worker && group.established);
    return new RaftWorker({
      groups,
      log: new LogGuard(
        log,
        established.map(({ group }) => group),
      ),
      snapshots,
      peers: links.network(worker),
      runtime,
      tickMs: config.tickMs,
      epoch,
      promotion,
      onRoom: (error) => onEvent(roomEvent(worker, error)),
      onFailed: (error) => options.failed(error),
      snapshotting: {
        policy: {
          entriesMax: config.compaction.entries,
          bytesMax: config.compaction.bytes,
          keepEntries: Math.ceil(config.compaction.entries / 4),
          keepBytes: Math.ceil(config.compaction.bytes / 4),
        },
        nodeBytesMax: config.limits.nodeLogBytesMax ?? DEFAULT_GROUP_LIMITS.nodeLogBytesMax,
        chunkBytes: config.snapshotChunkBytes,
        orphanPartialMaxAgeMs: config.orphanPartialMaxAgeMs,
      },
    });
  });
}

function roomEvent(worker: number, error: FlotillaError | undefined): ClusterEvent {
  if (error === undefined) return { name: 'storage.room', worker };
  return { name: 'storage.full', worker, error: `${error.code}: ${error.message}` };
}

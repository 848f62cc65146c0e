import { FlotillaError } from '@flotilla/errors';
import type { GroupWrite, LogEngine, RecoveredGroup, StoredSnapshot } from '@flotilla/storage';
import { EMPTY_LOG, GroupLog } from '../group/group-log.js';
import type { GroupSpec } from '../multi-raft/group-spec.js';
import type { MultiRaft } from '../multi-raft/multi-raft.js';
import type { StateMachine } from '../state-machine.js';
import type { AppendQueue } from './append-queue.js';
import { planRecovery, type RecoveryPlan } from './recovery.js';
import { restoreInAttempts } from './restore-attempts.js';
import type { SnapshotKeeper } from './snapshot-keeper.js';

/** What was found on disk at start. */
export interface RecoveryReport {
  /** Groups that had a log or a snapshot, ascending. */
  readonly recovered: readonly number[];
  /** Groups that were started afresh, ascending. */
  readonly fresh: readonly number[];
  /** Groups on disk that nobody claimed: their removal was interrupted, and has now been finished. */
  readonly dropped: readonly number[];
}

/** What groups are opened from. */
export interface OpeningPlaces {
  readonly groups: MultiRaft;
  readonly log: LogEngine;
  readonly snapshots: SnapshotKeeper;
  readonly appends: AppendQueue;
  pause(ms: number): Promise<void>;
}

interface Opening {
  readonly spec: GroupSpec;
  readonly plan: RecoveryPlan | undefined;
  readonly machine: StateMachine;
  /** Why the replica must not take part: what it has stored is damaged. */
  readonly failure: unknown;
}

/**
 * Recovers log and snapshots, restores the state machines, and opens the groups. A group whose stored state is damaged is opened as
 * stopped: it takes no part, and the others are not disturbed.
 *
 * @throws StorageFailed, StorageCorrupt, IncompatibleVersion where the whole log or store cannot be read.
 */
export async function openGroups(specs: readonly GroupSpec[], places: OpeningPlaces): Promise<RecoveryReport> {
  const found = new Map<number, RecoveredGroup>();
  for (const group of await places.log.recover()) found.set(group.group, group);
  const stored = await places.snapshots.load();
  const openings: Opening[] = [];
  for (const spec of [...specs].sort((a, b) => a.group - b.group)) {
    openings.push(await prepare(spec, found.get(spec.group), stored.get(spec.group), places));
  }
  const claimed = new Set(specs.map((spec) => spec.group));
  const dropped = [...new Set([...found.keys(), ...stored.keys()])].filter((group) => !claimed.has(group));
  const writes: GroupWrite[] = dropped.filter((group) => found.has(group)).map((group) => ({ group, removed: true }));
  for (const { plan } of openings) if (plan?.repair !== undefined) writes.push(plan.repair);
  if (writes.length > 0) await places.log.append(writes);
  for (const group of dropped) await places.snapshots.drop(group);
  for (const opening of openings) open(opening, places);
  for (const { plan } of openings) if (plan?.restoreFrom !== undefined) places.snapshots.restored(plan.restoreFrom);
  const known = (spec: GroupSpec): boolean => found.has(spec.group) || stored.has(spec.group);
  const ids = (wanted: boolean): number[] =>
    openings.filter(({ spec }) => known(spec) === wanted).map(({ spec }) => spec.group);
  return { recovered: ids(true), fresh: ids(false), dropped: dropped.sort((a, b) => a - b) };
}

async function prepare(
  spec: GroupSpec,
  found: RecoveredGroup | undefined,
  stored: StoredSnapshot | undefined,
  { groups, snapshots, pause }: OpeningPlaces,
): Promise<Opening> {
  const machine = groups.newStateMachine(spec.group);
  try {
    const plan = planRecovery(spec.group, found, stored);
    const { restoreFrom } = plan;
    if (restoreFrom !== undefined) {
      await restoreInAttempts(
        () => snapshots.restore(restoreFrom, machine),
        pause,
        () => undefined,
      );
    }
    return { spec, plan, machine, failure: undefined };
  } catch (failure) {
    return { spec, plan: undefined, machine, failure };
  }
}

function open({ spec, plan, machine, failure }: Opening, { groups, appends }: OpeningPlaces): void {
  if (plan === undefined) {
    const group = groups.set.open({ ...spec, founders: undefined }, new GroupLog(EMPTY_LOG), machine);
    group.fail(failure ?? new FlotillaError('Internal', { message: 'no plan', details: { reason: 'no plan' } }));
    return;
  }
  appends.recovered(spec.group, plan.hardState);
  groups.set.open(spec, new GroupLog(plan.log), machine);
}

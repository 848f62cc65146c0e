import type { FlotillaError } from '@flotilla/errors';
import type { TraceSink } from '@flotilla/raft-core';
import type { StateMachine } from '../state-machine.js';
import type { HostAliveness } from './group-clock.js';
import type { GroupLog } from './group-log.js';
import type { GroupObserver } from './group-observer.js';
import type { GroupLimits, GroupRules, GroupTiming } from './group-options.js';
import type { Group } from './group.js';

/** What a group needs of those who hold it. */
export interface GroupHost {
  /** The group has work for the next turn. */
  wake(group: Group): void;
  /** The group's clock stopped, or runs again. */
  clockChanged(group: Group): void;
  addressOf(node: number): string | undefined;
  /** Why nothing may be proposed to any group of this node. */
  proposalRefusal(): FlotillaError | undefined;
  /** Bytes that the logs of all groups of this node hold. */
  nodeLogBytes(): number;
  /** Has the group's hard state written, though nothing but its commit index has moved; the loop tells when it is durable. */
  persistCommit(group: Group): void;
  readonly observer: Required<GroupObserver>;
}

/** What one group is made of. */
export interface GroupOptions {
  readonly group: number;
  readonly incarnation: number;
  readonly nodeId: number;
  readonly log: GroupLog;
  /** In the state of the log's snapshot, or empty where there is none. */
  readonly machine: StateMachine;
  /** Voters of a group that starts with an empty log; undefined where the log, or the leader, knows. */
  readonly founders: readonly number[] | undefined;
  readonly timing: GroupTiming;
  readonly rules: GroupRules;
  readonly limits: GroupLimits;
  /** Length of a tick, for the texts of errors. */
  readonly tickMs: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** This node's monotonic clock, ms. */
  readonly now: () => number;
  /** Without it an idle group's clock never stops. */
  readonly hosts: HostAliveness | undefined;
  readonly host: GroupHost;
  /** Told of everything that happens in the core; without it nothing is made up to be told. */
  readonly trace: TraceSink | undefined;
}

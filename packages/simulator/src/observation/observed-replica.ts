import { type ConfState, EMPTY_CONFIGURATION, Role } from '@flotilla/raft-core';
import { EntryLog } from './entry-log.js';
import type { ObservedGroup } from './observed-group.js';
import type { ObservedMachine } from './observed-machine.js';

/**
 * One replica as it was seen from its opening on: what its core has in memory. Opened again, after a restart or after it was dropped, it is
 * another. Only `ObservedCluster` writes its fields.
 */
export class ObservedReplica {
  readonly machine: ObservedMachine;
  readonly group: ObservedGroup;
  /** Of the process that holds it. */
  readonly life: number;
  nodeId: number;
  /** Its core told where it begins. Until then the fields hold little. */
  isStarted = false;
  /** Why it takes no more part; undefined while it does. */
  stopped: Error | undefined = undefined;
  term = 0;
  /** `term` before the present observation. */
  previousTerm = 0;
  /** Who has its vote in `term`; 0: nobody. */
  vote = 0;
  /** `vote` before the present observation. */
  previousVote = 0;
  role: Role = Role.Follower;
  /** 0: unknown. */
  leader = 0;
  commit = 0;
  /** `commit` before the present observation. */
  previousCommit = 0;
  /** As its core was told. */
  applied = 0;
  /** `applied` before the present observation. */
  previousApplied = 0;
  /** The highest index whose effects are visible. */
  watermark = 0;
  /** `watermark` before the present observation. */
  previousWatermark = 0;
  /** Index of the newest snapshot that it took, was given, or began with; 0: none. */
  snapshotIndex = 0;
  configuration: ConfState = EMPTY_CONFIGURATION;
  readonly log: EntryLog = new EntryLog();
  /** Last index before the present observation. */
  previousLastIndex = 0;
  /** Index of the last command that its state machine applied, or the place of the snapshot that it restored. */
  machineIndex = 0;
  /** Its log was replaced by a snapshot that its state machine has not restored. */
  isRestoring = false;
  /** `machineIndex` before the present observation. */
  previousMachineIndex = 0;

  constructor(machine: ObservedMachine, group: ObservedGroup, life: number, nodeId: number) {
    this.machine = machine;
    this.group = group;
    this.life = life;
    this.nodeId = nodeId;
  }

  get isLeader(): boolean {
    return this.role === Role.Leader && this.stopped === undefined;
  }

  /** For people: `group 1 on n2 (node 2, life 1, leader of term 3)`. */
  toString(): string {
    const { machine, group, nodeId, life, role, term } = this;
    return `group ${group.id} on ${machine.name} (node ${nodeId}, life ${life}, ${ROLE_WORDS[role]} in term ${term})`;
  }
}

const ROLE_WORDS: Readonly<Record<Role, string>> = {
  [Role.Follower]: 'follower',
  [Role.Candidate]: 'candidate',
  [Role.Leader]: 'leader',
  [Role.PreCandidate]: 'pre-candidate',
};

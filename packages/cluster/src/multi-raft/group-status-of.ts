import { type ConfState, ProgressState, Role } from '@flotilla/raft-core';
import type { Group } from '../group/group.js';
import type { GroupStatus, PeerProgress, RoleName } from '../group/group-status.js';
import type { GroupLoad } from '../group/group-load.js';

/** The voters of both halves, ascending. */
export function votersOf(conf: ConfState): readonly number[] {
  if (conf.votersOutgoing.length === 0) return conf.voters;
  return [...new Set([...conf.voters, ...conf.votersOutgoing])].sort((a, b) => a - b);
}

/** The role in words. */
export function roleName(role: Role, isLearner: boolean): RoleName {
  switch (role) {
    case Role.Leader:
      return 'leader';
    case Role.Candidate:
      return 'candidate';
    case Role.PreCandidate:
      return 'pre-candidate';
    case Role.Follower:
      return isLearner ? 'learner' : 'follower';
  }
}

/** Status of one group; `expected` is shown as its configuration until it has one. */
export function groupStatusOf(group: Group, expected: ConfState | undefined, vshardCount: number): GroupStatus {
  const { raw, log } = group;
  const own = group.confState;
  const conf = own.voters.length === 0 && expected !== undefined ? expected : own;
  const running = group.state === 'running';
  return {
    group: group.id,
    role: running ? roleName(raw.role, conf.learners.includes(group.nodeId)) : 'follower',
    leader: running && raw.leader !== 0 ? raw.leader : undefined,
    term: raw.term,
    commitIndex: raw.commit,
    appliedIndex: group.appliedIndex,
    firstIndex: log.firstIndex(),
    lastIndex: log.lastIndex(),
    members: votersOf(conf),
    learners: conf.learners,
    vshardCount,
    incarnation: group.incarnation,
    quiescent: group.isQuiescent,
    stopped: group.failure?.message,
    confState: conf,
  };
}

/** What waits in a group. */
export function groupLoadOf({ id, requests, log }: Group): GroupLoad {
  return {
    group: id,
    proposals: requests.proposalsPending,
    reads: requests.reads.pending,
    confChanges: requests.confChangesInFlight,
    logEntries: log.length,
    logBytes: log.bytes,
  };
}

/** Progress of the peers of a led group, by id. */
export function progressOf(group: Group): ReadonlyMap<number, PeerProgress> {
  const progress = new Map<number, PeerProgress>();
  for (const peer of group.raw.status().progress) {
    progress.set(peer.id, {
      match: peer.match,
      next: peer.next,
      state: stateName(peer.state),
      learner: peer.learner,
      recentlyActive: peer.recentActive,
    });
  }
  return progress;
}

function stateName(state: ProgressState): PeerProgress['state'] {
  switch (state) {
    case ProgressState.Probe:
      return 'probe';
    case ProgressState.Replicate:
      return 'replicate';
    case ProgressState.Snapshot:
      return 'snapshot';
  }
}

import { invariant, unreachable } from '../invariant.js';
import type { ConfState } from '../log/snapshot.js';
import { Role } from '../raw-node/ready.js';
import { answerConfirmedReads, releasePostponedReads } from '../read-index/read-index.js';
import { broadcastAppend, maybeCommit, maybeSendAppend } from '../replication/append.js';
import { changeConfiguration } from '../replication/proposal.js';
import type { Raft } from '../role/raft.js';
import { abortTransfer, becomeFollower } from '../role/transition.js';
import { TraceKind } from '../trace/trace-kind.js';
import type { ChangedConfiguration } from './changer.js';
import { asConfChangeV2 } from './codec.js';
import type { ConfChange, ConfChangeV2 } from './conf-change.js';
import { confStatesEqual } from './configuration.js';
import { restoreConfiguration } from './restore.js';

/**
 * A change of membership takes effect: when its entry is applied, not when it is appended (etcd/raft; the thesis, section
 * 4.1, does the latter). The invariant fails for a change that is impossible from the present configuration.
 */
export function applyConfChange(raft: Raft, change: ConfChange | ConfChangeV2): ConfState {
  const changed = changeConfiguration(raft, asConfChangeV2(change));
  if (!changed.ok) return unreachable(`change of membership cannot be applied: ${changed.error}`);
  return switchConfiguration(raft, changed);
}

/** The configuration of storage or of a snapshot takes the place of whatever was known. */
export function restoreConfState(raft: Raft, confState: ConfState): void {
  switchConfiguration(raft, restoreConfiguration(raft.tracker, confState, raft.log.lastIndex));
  invariant(
    confStatesEqual(confState, raft.tracker.configuration),
    () => `restored ${JSON.stringify(raft.tracker.configuration)} from ${JSON.stringify(confState)}`,
  );
}

function switchConfiguration(raft: Raft, changed: ChangedConfiguration): ConfState {
  const { tracker } = raft;
  const { configuration } = changed;
  tracker.switchTo(configuration, changed.progress);
  if (raft.trace !== undefined) {
    raft.trace({ kind: TraceKind.ConfigurationSwitched, id: raft.id, configuration });
  }
  if (raft.role !== Role.Leader) return configuration;
  const own = tracker.find(raft.id);
  if (own === undefined || own.learner) {
    if (raft.config.stepDownOnRemoval) becomeFollower(raft, raft.term, 0);
    return configuration;
  }
  if (configuration.voters.length === 0) return configuration;
  leadNewConfiguration(raft);
  return configuration;
}

function leadNewConfiguration(raft: Raft): void {
  const { tracker } = raft;
  // Fewer voters may mean that more is committed.
  if (maybeCommit(raft)) {
    releasePostponedReads(raft);
    broadcastAppend(raft);
  } else {
    // New members need not wait for the next heartbeat.
    for (const peer of tracker.progress) {
      if (peer.id !== raft.id) maybeSendAppend(raft, peer, false);
    }
  }
  // So may it mean that more reads are confirmed.
  answerConfirmedReads(raft);
  const { voters, votersOutgoing } = tracker.configuration;
  const target = raft.transferee;
  if (target !== 0 && !voters.includes(target) && !votersOutgoing.includes(target)) {
    abortTransfer(raft);
    if (raft.trace !== undefined) {
      raft.trace({ kind: TraceKind.TransferEnded, id: raft.id, transferee: target, reason: 'removed' });
    }
  }
}

import { FlotillaError } from '@flotilla/errors';
import { ConfChangeType, type ConfState } from '@flotilla/raft-core';
import type { WaitOptions } from '../multi-raft/multi-raft.js';
import type { GroupHost } from './group-host.js';
import type { MembershipAnswer, MembershipCommand } from './membership-requests.js';
import { isQuorumHeard } from './quorum-kept.js';

const NO_CONTEXT = new Uint8Array(0);

/**
 * Changes the members of a group that this node leads, at the word of group 0's leader; resolves once applied. A change that is there
 * already succeeds, so that a retry does no harm. A leader that is to go hands its leadership over first, and the next leader is asked.
 *
 * @throws GroupNotFound, NotLeader, QuorumLost, ConfChangeInProgress, ConfChangeInvalid, NotReady, or what the proposal says
 */
export async function changeMembership(
  host: GroupHost,
  command: MembershipCommand,
  options: WaitOptions = {},
): Promise<MembershipAnswer> {
  const { group, incarnation, change, node } = command;
  const status = host.status(group);
  if (status.role !== 'leader') throw notLeader(group, status.leader);
  if (status.incarnation !== incarnation) {
    throw new FlotillaError('GroupNotFound', {
      message: `group ${group} is here in incarnation ${status.incarnation}, not ${incarnation}`,
      details: { group },
    });
  }
  const conf = status.confState;
  const present = conf.voters.includes(node) || conf.votersOutgoing.includes(node) || isLearner(conf, node);
  if (present === (change === 'add-learner')) return answerOf(status.appliedIndex, conf);
  if (change === 'remove' && node === host.nodeId) {
    await handOver(host, group, conf, options);
    throw notReady(`node ${node} handed the leadership of group ${group} over before it leaves`);
  }
  if (change === 'remove' && !status.quiescent) checkQuorumLeft(host, group, conf, node);
  const type = change === 'add-learner' ? ConfChangeType.AddLearnerNode : ConfChangeType.RemoveNode;
  const applied = await host.proposeConfChange(group, { kind: 'v1', type, nodeId: node, context: NO_CONTEXT }, options);
  return answerOf(applied.index, applied.confState);
}

async function handOver(host: GroupHost, group: number, conf: ConfState, options: WaitOptions): Promise<void> {
  const progress = host.progress(group);
  const others = conf.voters.filter((voter) => voter !== host.nodeId);
  const matchOf = (voter: number): number => {
    const peer = progress?.get(voter);
    return peer?.recentlyActive === true ? peer.match : -1;
  };
  const [to] = others.toSorted((a, b) => matchOf(b) - matchOf(a));
  if (to === undefined) {
    const reason = `node ${host.nodeId} is the only voter of group ${group}`;
    throw new FlotillaError('ConfChangeInvalid', { message: reason, details: { group, reason } });
  }
  await host.transferLeadership(group, to, options);
}

/**
 * A voter must not go that leaves the group to others of which too few are heard of. (The clock of an idle group stands only while all its
 * voters are there.)
 */
function checkQuorumLeft(host: GroupHost, group: number, { voters }: ConfState, node: number): void {
  if (!voters.includes(node)) return;
  const progress = host.progress(group);
  const left = voters.filter((voter) => voter !== node);
  const isHeard = (voter: number): boolean => voter === host.nodeId || progress?.get(voter)?.recentlyActive === true;
  if (isQuorumHeard(left, isHeard)) return;
  const reachable = left.filter(isHeard).length;
  throw new FlotillaError('QuorumLost', {
    message:
      `without node ${node} group ${group} has ${left.length} voters, and ${reachable} of them are heard of. ` +
      'Nothing was changed; bring voters back first',
    details: { group, reachable, voters: left.length },
    outcome: 'definite',
  });
}

function isLearner(conf: ConfState, node: number): boolean {
  return conf.learners.includes(node) || conf.learnersNext.includes(node);
}

function answerOf(confIndex: number, conf: ConfState): MembershipAnswer {
  return { confIndex, voters: conf.voters, learners: conf.learners };
}

function notLeader(group: number, leader: number | undefined): FlotillaError {
  return new FlotillaError('NotLeader', {
    message: `this node does not lead group ${group}`,
    details: leader === undefined ? { group } : { group, leader },
  });
}

function notReady(reason: string): FlotillaError {
  return new FlotillaError('NotReady', { message: reason, details: { reason } });
}

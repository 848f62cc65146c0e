import { RawNode } from '@flotilla/raft-core';
import type { GroupOptions } from './group-parts.js';

/** The core of a group over its recovered log, as this host runs all of its cores: asynchronous writes, and proposals at the leader only. */
export function groupCore(options: GroupOptions): RawNode {
  const { log, limits, timing, rules, random } = options;
  return new RawNode({
    id: options.nodeId,
    electionTicks: timing.electionTicks,
    heartbeatTicks: timing.heartbeatTicks,
    storage: log,
    electionJitter: (ticks) => Math.floor(random() * ticks),
    applied: log.snapshotMark?.index ?? 0,
    asyncStorageWrites: true,
    maxSizePerMessageBytes: limits.messageBytesMax,
    maxCommittedSizePerReadyBytes: limits.applyBytesMax,
    maxUncommittedSizeBytes: limits.uncommittedBytesMax,
    maxInflightMessages: limits.inflightMessagesMax,
    maxInflightBytes: limits.inflightBytesMax,
    checkQuorum: rules.checkQuorum,
    preVote: rules.preVote,
    // The core's own lease reads trust check-quorum, which looks back too far: see ReadLease.
    readOnly: 'safe',
    disableProposalForwarding: true,
    stepDownOnRemoval: true,
    ...(options.trace === undefined ? {} : { trace: options.trace }),
  });
}

import { EntryType, type Entry } from '../log/entry.js';
import { createMessage } from '../message/create.js';
import { MessageType } from '../message/message.js';
import { proposeAsLeader, refuse } from '../replication/proposal.js';
import type { Raft } from '../role/raft.js';
import { step } from '../role/step.js';
import type { ProposalRefusal, ProposeResult } from './propose-result.js';
import { Role } from './ready.js';

/** Appends entries as leader, or sends them on to the leader, or says why neither. @param data Not empty */
export function propose(raft: Raft, type: EntryType, data: readonly Uint8Array[]): ProposeResult {
  if (raft.role !== Role.Leader) return proposeElsewhere(raft, type, data);
  const { term } = raft;
  const index = raft.log.lastIndex + 1;
  const entries = numbered(term, index, type, data);
  const { refusal, replaced } = proposeAsLeader(raft, entries, type !== EntryType.Normal);
  if (refusal !== undefined) return { ok: false, reason: refusal, leader: raft.leader };
  return { ok: true, term, index, last: index + data.length - 1, replaced };
}

function proposeElsewhere(raft: Raft, type: EntryType, data: readonly Uint8Array[]): ProposeResult {
  const reason = refusalHere(raft);
  if (reason === 'forwarded') {
    const entries = numbered(0, 0, type, data);
    step(raft, createMessage({ type: MessageType.Prop, to: raft.id, from: raft.id, entries }));
  } else {
    refuse(raft, reason);
  }
  return { ok: false, reason, leader: raft.leader };
}

function refusalHere(raft: Raft): ProposalRefusal {
  if (raft.role !== Role.Follower || raft.leader === 0) return 'no-leader';
  return raft.config.disableProposalForwarding ? 'not-leader' : 'forwarded';
}

function numbered(term: number, index: number, type: EntryType, data: readonly Uint8Array[]): Entry[] {
  const entries: Entry[] = [];
  for (let i = 0; i < data.length; i++) {
    entries.push({ term, index: index === 0 ? 0 : index + i, type, data: data[i] as Uint8Array });
  }
  return entries;
}

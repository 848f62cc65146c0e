import { invariant } from '../invariant.js';
import { EntryType, NO_BYTES } from '../log/entry.js';
import { Role } from '../raw-node/ready.js';
import { appendOwnEntries } from '../replication/own-entries.js';
import { TraceKind } from '../trace/trace-kind.js';
import type { Raft } from './raft.js';

/** Follows `leader` (0: nobody known) in `term`. */
export function becomeFollower(raft: Raft, term: number, leader: number): void {
  reset(raft, term);
  raft.leader = leader;
  enter(raft, Role.Follower);
}

/** Asks for votes in the next term, its own given (Raft paper, section 5.2). */
export function becomeCandidate(raft: Raft): void {
  invariant(raft.role !== Role.Leader, () => `leader ${raft.id} cannot become a candidate in term ${raft.term}`);
  reset(raft, raft.term + 1);
  raft.vote = raft.id;
  enter(raft, Role.Candidate);
}

/** Asks whether it would get votes; changes neither term nor vote (thesis, section 9.6). */
export function becomePreCandidate(raft: Raft): void {
  invariant(raft.role !== Role.Leader, () => `leader ${raft.id} cannot become a pre-candidate in term ${raft.term}`);
  raft.tracker.resetVotes();
  raft.leader = 0;
  enter(raft, Role.PreCandidate);
}

/** Leads `raft.term`: appends an empty entry, so that what earlier terms left can be committed (Raft paper, section 5.4.2). */
export function becomeLeader(raft: Raft): void {
  invariant(raft.role !== Role.Follower, () => `follower ${raft.id} cannot become leader of term ${raft.term}`);
  reset(raft, raft.term);
  raft.leader = raft.id;
  raft.role = Role.Leader;
  const own = raft.tracker.find(raft.id);
  if (own !== undefined) {
    own.becomeReplicate();
    own.recentActive = true;
  }
  // There may be a change of membership in the tail; rather than look for it, wait for the whole tail.
  raft.pendingConfIndex = raft.log.lastIndex;
  const entry = { term: raft.term, index: raft.log.lastIndex + 1, type: EntryType.Normal, data: NO_BYTES };
  appendOwnEntries(raft, [entry]);
  enter(raft, Role.Leader);
}

/** Gives up a leadership transfer: this node goes on leading. */
export function abortTransfer(raft: Raft): void {
  raft.transferee = 0;
}

/** Starts the election clock anew, with a new timeout. */
export function resetElectionTimeout(raft: Raft): void {
  const { electionTicks, electionJitter } = raft.config;
  const jitter = electionJitter(electionTicks);
  invariant(
    Number.isInteger(jitter) && jitter >= 0 && jitter < electionTicks,
    () => `election jitter ${jitter} is not an integer in [0, ${electionTicks})`,
  );
  raft.electionElapsed = 0;
  raft.randomizedElectionTicks = electionTicks + jitter;
}

function reset(raft: Raft, term: number): void {
  if (raft.term !== term) {
    raft.term = term;
    raft.vote = 0;
  }
  raft.leader = 0;
  raft.heartbeatElapsed = 0;
  resetElectionTimeout(raft);
  abortTransfer(raft);
  raft.tracker.resetVotes();
  const last = raft.log.lastIndex;
  for (const progress of raft.tracker.progress) {
    progress.reset(progress.id === raft.id ? last : 0, last + 1);
  }
  raft.pendingConfIndex = 0;
  raft.uncommittedBytes = 0;
  raft.reads.reset();
  raft.postponedReads = [];
}

function enter(raft: Raft, role: Role): void {
  raft.role = role;
  if (raft.trace !== undefined) {
    const { id, term, vote, leader } = raft;
    raft.trace({ kind: TraceKind.RoleChanged, id, role, term, vote, leader });
  }
}

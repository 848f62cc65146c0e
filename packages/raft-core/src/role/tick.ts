import { Role } from '../raw-node/ready.js';
import { broadcastHeartbeat } from '../replication/heartbeat.js';
import { TraceKind } from '../trace/trace-kind.js';
import { checkQuorum } from './check-quorum.js';
import { firstCampaign, startElection } from './election.js';
import type { Raft } from './raft.js';
import { abortTransfer } from './transition.js';

/** One unit of time has passed. */
export function tick(raft: Raft): void {
  if (raft.role === Role.Leader) tickLeader(raft);
  else tickElection(raft);
}

function tickElection(raft: Raft): void {
  raft.electionElapsed++;
  if (raft.electionElapsed < raft.randomizedElectionTicks || !raft.promotable) return;
  raft.electionElapsed = 0;
  startElection(raft, firstCampaign(raft));
}

function tickLeader(raft: Raft): void {
  raft.heartbeatElapsed++;
  raft.electionElapsed++;
  if (raft.electionElapsed >= raft.config.electionTicks) {
    raft.electionElapsed = 0;
    if (raft.config.checkQuorum) checkQuorum(raft);
    if (raft.role !== Role.Leader) return;
    giveUpTransfer(raft);
  }
  if (raft.heartbeatElapsed < raft.config.heartbeatTicks) return;
  raft.heartbeatElapsed = 0;
  broadcastHeartbeat(raft);
}

/** A transfer has an election timeout; then this node leads on (thesis, section 3.10). */
function giveUpTransfer(raft: Raft): void {
  const { transferee } = raft;
  if (transferee === 0) return;
  abortTransfer(raft);
  if (raft.trace !== undefined) {
    raft.trace({ kind: TraceKind.TransferEnded, id: raft.id, transferee, reason: 'timeout' });
  }
}

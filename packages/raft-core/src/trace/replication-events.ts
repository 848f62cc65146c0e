import type { ProposalRefusal } from '../raw-node/propose-result.js';
import type { ProgressStatus } from '../tracker/progress.js';
import type { Traced, TraceKind } from './trace-kind.js';

/**
 * `no-leader`: `… no leader at term …; dropping proposal`, INFO. `not-leader`: `… not forwarding to leader … at term …;
 * dropping proposal`, INFO. `transferring`: `… [term …] transfer leadership to … is in progress; dropping proposal`, DEBUG.
 * `uncommitted-size`: `… appending new entries to log would exceed uncommitted entry size limit; dropping proposal`, WARN.
 * `removed`: no line.
 */
export interface ProposalDropped extends Traced<typeof TraceKind.ProposalDropped> {
  readonly reason: ProposalRefusal;
  readonly term: number;
  readonly leader: number;
  /** 0: no transfer. */
  readonly transferee: number;
}

/** `… [logterm: …, index: …] rejected MsgApp [logterm: …, index: …] from …`. DEBUG. */
export interface AppendRejected extends Traced<typeof TraceKind.AppendRejected> {
  readonly from: number;
  readonly index: number;
  /** Term of the append's previous entry. */
  readonly logTerm: number;
  /** Term of this node's entry at `index`; 0 when it has none. */
  readonly ownTerm: number;
}

/** `… received MsgAppResp(rejected, hint: (index …, term …)) from … for index …`. DEBUG. */
export interface AppendRejectionReceived extends Traced<typeof TraceKind.AppendRejectionReceived> {
  readonly from: number;
  readonly index: number;
  readonly hintIndex: number;
  readonly hintTerm: number;
}

/** `… decreased progress of … to […]`. DEBUG. */
export interface ProgressDecreased extends Traced<typeof TraceKind.ProgressDecreased> {
  readonly progress: ProgressStatus;
}

/** `… no progress available for …`. DEBUG. */
export interface ProgressMissing extends Traced<typeof TraceKind.ProgressMissing> {
  readonly from: number;
}

/** `… paused sending replication messages to … […]`. DEBUG. */
export interface ReplicationPaused extends Traced<typeof TraceKind.ReplicationPaused> {
  readonly progress: ProgressStatus;
}

/** `… failed to send message to … because it is unreachable […]`. DEBUG. */
export interface PeerUnreachable extends Traced<typeof TraceKind.PeerUnreachable> {
  readonly progress: ProgressStatus;
}

/** What happens to proposals, and on their way to the followers. */
export type ReplicationEvent =
  | ProposalDropped
  | AppendRejected
  | AppendRejectionReceived
  | ProgressDecreased
  | ProgressMissing
  | ReplicationPaused
  | PeerUnreachable;

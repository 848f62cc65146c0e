import { invariant } from '../invariant.js';
import { RaftLog } from '../log/raft-log.js';
import { scalarMessage } from '../message/create.js';
import { MessageType, type Message } from '../message/message.js';
import type { ResolvedConfig } from '../raw-node/config.js';
import { Role, type ReadState } from '../raw-node/ready.js';
import { ReadQueue } from '../read-index/read-queue.js';
import type { TraceSink } from '../trace/trace-event.js';
import { TraceKind } from '../trace/trace-kind.js';
import { ProgressTracker } from '../tracker/progress-tracker.js';

/**
 * The state of one node of one group (Raft paper, figure 2). The rules that change it are functions of the folders
 * `role`, `replication`, `read-index` and `conf-change`; each takes the node first.
 */
export class Raft {
  readonly id: number;
  readonly config: ResolvedConfig;
  readonly trace: TraceSink | undefined;
  readonly log: RaftLog;
  readonly tracker: ProgressTracker;

  term: number = 0;
  /** Who got this node's vote in `term`; 0: nobody. */
  vote: number = 0;
  /** 0: unknown. */
  leader: number = 0;
  role: Role = Role.Follower;

  /** Ticks since the election clock was reset: by a leader's message, a vote, a campaign; on a leader, by a quorum check. */
  electionElapsed: number = 0;
  /** Leader: ticks since the last heartbeat. */
  heartbeatElapsed: number = 0;
  /** When to campaign: asked of the jitter at each reset, in [electionTicks, 2 * electionTicks). */
  randomizedElectionTicks: number = 0;

  /** Leader: who is to lead next; 0: nobody. */
  transferee: number = 0;
  /**
   * Leader: no change of membership may enter the log until this index is applied, since one at or below it might not be.
   * May be too high, never too low.
   */
  pendingConfIndex: number = 0;
  /** Index of the last snapshot whose configuration this node took over; 0: none. */
  restoredIndex: number = 0;
  /** Leader: payload in the log that is not known to be applied; an estimate, counted only where there is a limit. */
  uncommittedBytes: number = 0;
  /** Leader: reads that wait for a quorum. */
  readonly reads: ReadQueue = new ReadQueue();
  /** Leader: reads that wait for the first commit of the term. */
  postponedReads: Message[] = [];

  /** Reads that may be served. */
  readStates: ReadState[] = [];
  /** Messages that may leave at once. */
  messages: Message[] = [];
  /** Messages that promise something durable: they wait for what is unstable now. */
  messagesAfterAppend: Message[] = [];

  constructor(config: ResolvedConfig) {
    this.id = config.id;
    this.config = config;
    this.trace = config.trace;
    this.log = new RaftLog(config.storage, config.maxCommittedSizePerReadyBytes, config.id, config.trace);
    this.tracker = new ProgressTracker(config.maxInflightMessages, config.maxInflightBytes);
  }

  /** Whether this node may campaign: a voter, with its log whole. */
  get promotable(): boolean {
    const progress = this.tracker.find(this.id);
    return progress !== undefined && !progress.learner && this.log.unstable.snapshot === undefined;
  }

  /** Hands a message to the next Ready, to leave at once. */
  send(message: Message): void {
    invariant(message.to !== this.id, () => `message of type ${message.type} addressed to its sender, ${this.id}`);
    if (this.trace !== undefined) this.trace({ kind: TraceKind.MessageSent, id: this.id, message });
    this.messages.push(message);
  }

  /**
   * Hands a message to the next Ready, to leave (or, if it is for this node itself, to be stepped) when everything that is
   * unstable now is durable: votes and acknowledgements are promises (Raft paper, figure 2, persistent state).
   */
  sendAfterAppend(message: Message): void {
    if (this.trace !== undefined) this.trace({ kind: TraceKind.MessageSent, id: this.id, message });
    this.messagesAfterAppend.push(message);
  }

  /** Acknowledges all entries up to `index`, once they are durable. */
  acknowledge(to: number, index: number): void {
    this.sendAfterAppend(scalarMessage(MessageType.AppResp, to, this.id, this.term, 0, index, 0, 0));
  }

  /** Tells the host that a read of its own may be served once `index` is applied. */
  confirmRead(index: number, context: number): void {
    if (this.trace !== undefined) this.trace({ kind: TraceKind.ReadConfirmed, id: this.id, index, context });
    this.readStates.push({ index, context });
  }

  /** Whether the leader's term has a committed entry: only then is the commit index known to be current (thesis, section 6.4). */
  get committedInTerm(): boolean {
    return this.log.term(this.log.commit) === this.term;
  }
}

import { allVoters, EMPTY_CONFIGURATION, isJoint, type Configuration } from '../conf-change/configuration.js';
import { majorityCommittedIndex, majorityVoteResult } from '../quorum/majority.js';
import { jointVoteResult } from '../quorum/joint.js';
import type { VoteResult } from '../quorum/vote-result.js';
import { Inflights } from './inflights.js';
import { Progress } from './progress.js';

/** The votes of an election so far. */
export interface Tally {
  readonly granted: number;
  readonly rejected: number;
  readonly result: VoteResult;
}

/** The membership in effect, and what is known of each member. */
export class ProgressTracker {
  configuration: Configuration = EMPTY_CONFIGURATION;
  /** Ascending by id: the order of every broadcast. */
  progress: readonly Progress[] = [];
  private readonly maxInflightMessages: number;
  private readonly maxInflightBytes: number;
  private incoming: readonly Progress[] = [];
  private outgoing: readonly Progress[] = [];
  private votes: Map<number, boolean> | undefined = undefined;

  constructor(maxInflightMessages: number, maxInflightBytes: number) {
    this.maxInflightMessages = maxInflightMessages;
    this.maxInflightBytes = maxInflightBytes;
  }

  /** Takes over a membership and the progress of its members, ascending by id. */
  switchTo(configuration: Configuration, progress: readonly Progress[]): void {
    this.configuration = configuration;
    this.progress = progress;
    this.incoming = this.resolve(configuration.voters);
    this.outgoing = this.resolve(configuration.votersOutgoing);
  }

  /** A group is small: looking through it is faster than hashing. */
  find(id: number): Progress | undefined {
    const progress = this.progress;
    for (let i = 0; i < progress.length; i++) {
      const one = progress[i] as Progress;
      if (one.id === id) return one;
    }
    return undefined;
  }

  /** What is known of a node that is about to become a member: nothing, but that it is new and deserves patience. */
  newProgress(id: number, next: number, learner: boolean): Progress {
    const progress = new Progress(id, next, learner, new Inflights(this.maxInflightMessages, this.maxInflightBytes));
    progress.recentActive = true;
    return progress;
  }

  /** Whether one vote decides everything. */
  get isSingleton(): boolean {
    return this.configuration.voters.length === 1 && !isJoint(this.configuration);
  }

  /** The highest index that is on a quorum. */
  committedIndex(): number {
    const incoming = matchedBy(this.incoming);
    return this.outgoing.length === 0 ? incoming : Math.min(incoming, matchedBy(this.outgoing));
  }

  /** The highest position in the queue of reads that a quorum has confirmed. */
  confirmedReads(): number {
    const incoming = confirmedBy(this.incoming);
    return this.outgoing.length === 0 ? incoming : Math.min(incoming, confirmedBy(this.outgoing));
  }

  /** Whether a quorum was heard of since the marks were cleared. Learners do not count. */
  quorumActive(): boolean {
    const isActive = (progress: Progress): boolean => progress.recentActive;
    return jointVoteResult(this.incoming.map(isActive), this.outgoing.map(isActive)) === 'won';
  }

  resetVotes(): void {
    this.votes = undefined;
  }

  /** The first vote of a node counts; it cannot be taken back. */
  recordVote(id: number, granted: boolean): void {
    this.votes ??= new Map();
    if (!this.votes.has(id)) this.votes.set(id, granted);
  }

  tally(): Tally {
    let granted = 0;
    let rejected = 0;
    for (const id of allVoters(this.configuration)) {
      const vote = this.votes?.get(id);
      if (vote === true) granted++;
      else if (vote === false) rejected++;
    }
    const voteOf = (progress: Progress): boolean | undefined => this.votes?.get(progress.id);
    const result =
      this.outgoing.length === 0
        ? majorityVoteResult(this.incoming.map(voteOf))
        : jointVoteResult(this.incoming.map(voteOf), this.outgoing.map(voteOf));
    return { granted, rejected, result };
  }

  private resolve(ids: readonly number[]): readonly Progress[] {
    const found: Progress[] = [];
    for (const id of ids) {
      const progress = this.find(id);
      if (progress !== undefined) found.push(progress);
    }
    return found;
  }
}

/** Reused: one call is over before the next begins. */
const scratch: number[] = [];

function matchedBy(voters: readonly Progress[]): number {
  if (scratch.length !== voters.length) scratch.length = voters.length;
  for (let i = 0; i < voters.length; i++) scratch[i] = (voters[i] as Progress).match;
  return majorityCommittedIndex(scratch);
}

function confirmedBy(voters: readonly Progress[]): number {
  return majorityCommittedIndex(voters.map(({ readAck }) => readAck));
}

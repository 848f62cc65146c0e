/**
 * Why a proposal was not appended here.
 *
 * - `no-leader`: no leader is known in this term.
 * - `not-leader`: another node leads, and forwarding is disabled.
 * - `forwarded`: another node leads, and the proposal was sent on to it: its outcome is unknown.
 * - `removed`: this node leads, but is no longer in the configuration.
 * - `transferring`: leadership is being transferred.
 * - `uncommitted-size`: the limit of uncommitted bytes is reached.
 */
export type ProposalRefusal =
  | 'no-leader'
  | 'not-leader'
  | 'forwarded'
  | 'removed'
  | 'transferring'
  | 'uncommitted-size';

/**
 * Why a membership change entered the log as an empty entry instead of itself.
 *
 * - `pending`: an earlier change may not be applied yet (thesis, section 4.1: one at a time).
 * - `joint`: the configuration is joint and must be left first.
 * - `not-joint`: a change that leaves a joint configuration, outside of one.
 * - `impossible`: it could not be applied to the present configuration (it leaves no voters, for instance). etcd/raft
 *   takes such a change into the log and panics where it is applied.
 */
export type ConfChangeRefusal = 'pending' | 'joint' | 'not-joint' | 'impossible';

/** The proposal is in this leader's log; it is committed when an entry of this `term` is applied at its index. */
export interface ProposalAppended {
  readonly ok: true;
  /** The leader's term: the term of the entries. */
  readonly term: number;
  /** Index of the first entry of the call. */
  readonly index: number;
  /** Index of the last entry of the call. */
  readonly last: number;
  /** Set when the proposal was a membership change and an empty entry took its place. */
  readonly replaced: ConfChangeRefusal | undefined;
}

/** Nothing was appended here. */
export interface ProposalRefused {
  readonly ok: false;
  readonly reason: ProposalRefusal;
  /** The leader as far as known, 0 if not: where to try instead. */
  readonly leader: number;
}

/** What became of a proposal. */
export type ProposeResult = ProposalAppended | ProposalRefused;

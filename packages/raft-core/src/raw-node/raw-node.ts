import type { ConfChangeError } from '../conf-change/changer.js';
import { asConfChangeV2, encodeConfChange, encodeConfChangeV2 } from '../conf-change/codec.js';
import type { ConfChange, ConfChangeV2 } from '../conf-change/conf-change.js';
import { applyConfChange, restoreConfState } from '../conf-change/switch.js';
import { invariant } from '../invariant.js';
import { EntryType } from '../log/entry.js';
import type { RaftLog } from '../log/raft-log.js';
import type { ConfState } from '../log/snapshot.js';
import { createMessage, isLocalType, isResponseType, mayComeFromSelf } from '../message/create.js';
import { MessageType, type Message } from '../message/message.js';
import { isNumber, validateMessage } from '../message/validate.js';
import { broadcastHeartbeat } from '../replication/heartbeat.js';
import { changeConfiguration } from '../replication/proposal.js';
import { canQuiesce } from '../role/quiescence.js';
import { Raft } from '../role/raft.js';
import { step } from '../role/step.js';
import { tick } from '../role/tick.js';
import { becomeFollower } from '../role/transition.js';
import { TraceKind } from '../trace/trace-kind.js';
import type { ProgressStatus } from '../tracker/progress.js';
import { bootstrap, type BootstrapPeer } from './bootstrap.js';
import { resolveConfig, type RawNodeConfig } from './config.js';
import type { ProposeResult } from './propose-result.js';
import { propose } from './propose.js';
import { ReadyMaker } from './ready-maker.js';
import { Role, type Ready } from './ready.js';
import type { Status } from './status.js';
import type { StepResult } from './step-result.js';

/**
 * One node of one Raft group, as a pure step function: ticks, messages and proposals in, one `Ready` out. No clock, no
 * randomness, no I/O, no promise. Not to be called from within its trace sink.
 *
 * The host's loop: while `hasReady()`, take `ready()`, do what it says in the order that `Ready` states, then call
 * `advance()` (synchronous mode), or step the responses of `append` and `apply` as they complete (asynchronous mode).
 *
 * @throws RaftInvariantError from any method when an invariant is broken: a bug, after which the node must not be used
 */
export class RawNode {
  private readonly raft: Raft;
  private readonly maker: ReadyMaker;
  private isQuiesced: boolean = false;

  /** @throws RangeError for an option that makes no sense, naming it */
  constructor(config: RawNodeConfig) {
    const resolved = resolveConfig(config);
    const raft = new Raft(resolved);
    this.raft = raft;
    const { log } = raft;
    const { hardState, confState } = resolved.storage.initialState();
    const { lastIndex } = log;
    restoreConfState(raft, confState);
    raft.term = hardState.term;
    raft.vote = hardState.vote;
    restoreCommit(log, hardState.commit, resolved.applied);
    becomeFollower(raft, raft.term, 0);
    if (raft.trace !== undefined) {
      const { voters, votersOutgoing } = raft.tracker.configuration;
      raft.trace({
        kind: TraceKind.NodeStarted,
        id: raft.id,
        peers: [...new Set([...voters, ...votersOutgoing])].sort((a, b) => a - b),
        term: raft.term,
        vote: raft.vote,
        commit: log.commit,
        applied: log.applied,
        firstIndex: log.firstIndex,
        lastIndex,
        lastTerm: log.lastTerm,
      });
    }
    this.maker = new ReadyMaker(raft);
  }

  get id(): number {
    return this.raft.id;
  }
  get term(): number {
    return this.raft.term;
  }
  /** Who got this node's vote in this term; 0: nobody. */
  get vote(): number {
    return this.raft.vote;
  }
  get role(): Role {
    return this.raft.role;
  }
  /** 0: unknown. */
  get leader(): number {
    return this.raft.leader;
  }
  /** Highest index known to be committed. */
  get commit(): number {
    return this.raft.log.commit;
  }
  /** Highest index that was reported applied. */
  get applied(): number {
    return this.raft.log.applied;
  }
  /** Highest index that was handed out to be applied. */
  get applying(): number {
    return this.raft.log.applying;
  }
  get firstIndex(): number {
    return this.raft.log.firstIndex;
  }
  get lastIndex(): number {
    return this.raft.log.lastIndex;
  }
  /** Leader: until this index is applied, changes of membership are refused. */
  get pendingConfIndex(): number {
    return this.raft.pendingConfIndex;
  }
  /** Leader: target of a leadership transfer in progress; 0: none. */
  get transferee(): number {
    return this.raft.transferee;
  }
  /** Whether ticks are ignored: see `quiesce`. */
  get quiesced(): boolean {
    return this.isQuiesced;
  }
  /** Ticks since this node's election clock was reset. */
  get electionElapsed(): number {
    return this.raft.electionElapsed;
  }
  /** The membership in effect. Not a copy: a change replaces it. */
  get configuration(): ConfState {
    return this.raft.tracker.configuration;
  }

  /** Leader: the highest index that `peer` is known to have; -1 for a node that is no member. */
  match(peer: number): number {
    return this.raft.tracker.find(peer)?.match ?? -1;
  }

  /** A copy of what is known of one member; undefined for a node that is none. */
  progress(id: number): ProgressStatus | undefined {
    return this.raft.tracker.find(id)?.status();
  }

  /** Whether `id` has a vote, in either half of the configuration. */
  isVoter(id: number): boolean {
    const { voters, votersOutgoing } = this.raft.tracker.configuration;
    return voters.includes(id) || votersOutgoing.includes(id);
  }

  /** Term of the entry at `index`; -1 when it is compacted away or not there yet. */
  termAt(index: number): number {
    return this.raft.log.term(index);
  }

  /** One unit of time has passed. Nothing happens while the node is quiesced. */
  tick(): void {
    if (!this.isQuiesced) tick(this.raft);
  }

  /**
   * Takes a message of a peer, or a response of this node's own storage (`from` is LOCAL_APPEND_THREAD or
   * LOCAL_APPLY_THREAD). The transport has checked that `from` is who sent it; only Prop, ReadIndex and TransferLeader
   * keep their first sender when they are sent on to a leader.
   */
  step(message: Message): StepResult {
    const { raft } = this;
    const { type, from } = message;
    const verdict = validateMessage(message);
    if (verdict !== 'ok') return verdict;
    if (message.to !== raft.id && message.to !== 0) return 'misrouted';
    if (from >= 0) {
      if (isLocalType(type)) return 'local-message';
      if (from === raft.id && (message.reject || !mayComeFromSelf(type))) return 'misrouted';
      if (isResponseType(type) && raft.tracker.find(from) === undefined) return 'peer-not-found';
      if (this.isQuiesced) this.wake();
    }
    return step(raft, message);
  }

  /**
   * Proposes commands, all in one round of messages. A leader appends them; a follower sends them on to the leader, unless
   * that is disabled. The array must not be empty; its elements are shared from then on, and must not change.
   */
  propose(data: readonly Uint8Array[]): ProposeResult {
    return this.proposeTyped(EntryType.Normal, data);
  }

  /**
   * Proposes a change of membership. While it may not be made, an empty entry takes its place in the log, and the result
   * says why.
   */
  proposeConfChange(change: ConfChange | ConfChangeV2): ProposeResult {
    return change.kind === 'v1'
      ? this.proposeTyped(EntryType.ConfChange, [encodeConfChange(change)])
      : this.proposeTyped(EntryType.ConfChangeV2, [encodeConfChangeV2(change)]);
  }

  /**
   * Why a change could not be applied to the present configuration, or undefined if it could. A leader asks this itself
   * of every change that is proposed; hosts that disable its validation ask before they apply.
   */
  checkConfChange(change: ConfChange | ConfChangeV2): ConfChangeError | undefined {
    const changed = changeConfiguration(this.raft, asConfChangeV2(change));
    return changed.ok ? undefined : changed.error;
  }

  /**
   * A committed change of membership takes effect here; to be called when its entry is applied, on every node, unless the
   * host has decided to make it void (then with node id 0).
   *
   * @param index of the entry. A snapshot is in effect from the moment it is stepped, so that entries which were handed out
   *   before may be applied after it, in the asynchronous mode; their changes are in the snapshot, and are skipped.
   * @returns the configuration in effect from now on
   */
  applyConfChange(change: ConfChange | ConfChangeV2, index: number = Infinity): ConfState {
    const { raft } = this;
    return index <= raft.restoredIndex ? raft.tracker.configuration : applyConfChange(raft, change);
  }

  /**
   * Asks for a read index (thesis, section 6.4), as leader or by way of the leader. A ReadState with this number appears in
   * a Ready once the read may be served after applying its index; never, if the leader changes or a message is lost.
   * `context` is a number of the caller's, in [0, 2^52).
   *
   * @returns `no-leader` when nobody could be asked: no ReadState will come
   */
  readIndex(context: number): 'ok' | 'no-leader' {
    invariant(isNumber(context), () => `read context ${context} is not an integer in [0, 2^52)`);
    this.local(createMessage({ type: MessageType.ReadIndex, to: this.raft.id, from: 0, context }));
    const canAsk = this.raft.role === Role.Leader || (this.raft.role === Role.Follower && this.raft.leader !== 0);
    return canAsk ? 'ok' : 'no-leader';
  }

  /** Asks the leader to hand leadership to `to`. */
  transferLeadership(to: number): void {
    this.local(createMessage({ type: MessageType.TransferLeader, to: this.raft.id, from: to }));
  }

  /**
   * Makes a follower forget its leader without waiting for its lease: for hosts that know better that it is gone. It
   * grants votes from then on, and follows the leader again if it is heard of. Nothing, with lease-based reads.
   */
  forgetLeader(): void {
    this.local(createMessage({ type: MessageType.ForgetLeader, to: this.raft.id, from: this.raft.id }));
  }

  /**
   * `forgetLeader` by a host that knows that the leader's process is gone: the part of the election timeout that is not random would only
   * ask what is answered, and counts as passed. The random part is waited for, lest all followers campaign at once (Raft paper,
   * section 5.2). If the leader is heard of after all, this node follows it again, and its timeout begins anew.
   */
  leaderDied(): void {
    this.forgetLeader();
    const { raft } = this;
    if (raft.role !== Role.Follower || raft.leader !== 0) return;
    raft.electionElapsed = Math.max(raft.electionElapsed, raft.config.electionTicks);
  }

  /** Campaigns now, as when the election clock runs out. */
  campaign(): void {
    this.local(createMessage({ type: MessageType.Hup, to: this.raft.id, from: this.raft.id }));
  }

  /** The last message to `id` was probably lost: a leader goes back to probing it. */
  reportUnreachable(id: number): void {
    this.local(createMessage({ type: MessageType.Unreachable, to: this.raft.id, from: id }));
  }

  /** Tells how sending a snapshot to `id` ended. To be called for every MsgSnap, or nothing more is sent to that node. */
  reportSnapshot(id: number, status: 'success' | 'failure'): void {
    const type = MessageType.SnapStatus;
    this.local(createMessage({ type, to: this.raft.id, from: id, reject: status === 'failure' }));
  }

  /**
   * Founds a group: the log of every founding member begins with the same changes of membership, one for each, committed.
   * Storage must be empty. All founders must call it with the same peers in the same order.
   */
  bootstrap(peers: readonly BootstrapPeer[]): void {
    bootstrap(this.raft, peers);
  }

  /** Whether `ready()` has anything to do. */
  hasReady(): boolean {
    return this.maker.hasReady();
  }

  /**
   * All that is to be done now; it must be done, for it is not offered again. Synchronous mode: `advance()` must be called
   * before the next one.
   */
  ready(): Ready {
    return this.maker.ready();
  }

  /** Synchronous mode: all of the last Ready is done: written, sent, applied. */
  advance(): void {
    this.maker.advance();
  }

  /**
   * Stops the clock of an idle node: ticks do nothing, so there are no heartbeats and no elections. Refused unless all that
   * this node can see is idle (`canQuiesce`), and with lease-based reads, which live on the clock.
   *
   * What it cannot see is the host's to know: that all members' hosts are alive and will tell when one dies, and that the
   * followers, once they have confirmed the leader's term and commit index, stop their clocks too; one that still ticks
   * campaigns. Any message of a peer wakes the node before it is stepped, and so does every call that needs the clock
   * (propose, readIndex, transferLeadership, forgetLeader, campaign, reportUnreachable, reportSnapshot); responses of its
   * own storage do not.
   *
   * @returns whether the clock stands
   */
  quiesce(): boolean {
    const { raft } = this;
    if (this.isQuiesced) return true;
    if (!canQuiesce(raft)) return false;
    this.isQuiesced = true;
    if (raft.trace !== undefined) raft.trace({ kind: TraceKind.Quiesced, id: raft.id });
    return true;
  }

  /**
   * Starts the clock again, as if it had been reset. A leader beats at once: what it knows of its followers' activity is
   * old, and they may have been woken by somebody else.
   */
  wake(): void {
    if (!this.isQuiesced) return;
    const { raft } = this;
    this.isQuiesced = false;
    raft.electionElapsed = 0;
    raft.heartbeatElapsed = 0;
    if (raft.trace !== undefined) raft.trace({ kind: TraceKind.Woken, id: raft.id });
    if (raft.role === Role.Leader) broadcastHeartbeat(raft);
  }

  /** Until the next reset of the election clock, this node campaigns after `ticks`; for tests and for hosts that stagger. */
  setElectionTimeout(ticks: number): void {
    invariant(Number.isSafeInteger(ticks) && ticks > 0, () => `election timeout of ${ticks} ticks`);
    this.raft.randomizedElectionTicks = ticks;
  }

  /** A copy of everything, for people and tests. */
  status(): Status {
    const { raft } = this;
    return {
      id: raft.id,
      role: raft.role,
      term: raft.term,
      vote: raft.vote,
      leader: raft.leader,
      commit: raft.log.commit,
      applied: raft.log.applied,
      firstIndex: raft.log.firstIndex,
      lastIndex: raft.log.lastIndex,
      transferee: raft.transferee,
      pendingConfIndex: raft.pendingConfIndex,
      configuration: raft.tracker.configuration,
      progress: raft.tracker.progress.map((progress) => progress.status()),
    };
  }

  private local(message: Message): StepResult {
    if (this.isQuiesced) this.wake();
    return step(this.raft, message);
  }

  private proposeTyped(type: EntryType, data: readonly Uint8Array[]): ProposeResult {
    invariant(data.length > 0, () => 'proposal of nothing');
    if (this.isQuiesced) this.wake();
    return propose(this.raft, type, data);
  }
}

/**
 * The stored commit index is a hint: hosts write it with the next entries, so that it may lag behind a snapshot, or behind
 * what was applied, which is committed for certain. A log that is shorter than any of them has lost what was promised.
 */
function restoreCommit(log: RaftLog, stored: number, applied: number): void {
  const commit = Math.max(log.commit, stored, applied);
  invariant(
    commit <= log.lastIndex,
    () => `stored log ends at ${log.lastIndex}, but ${stored} was committed and ${applied} applied: it was truncated`,
  );
  log.commit = commit;
  if (applied > 0) log.appliedTo(Math.max(log.applied, applied), 0);
}

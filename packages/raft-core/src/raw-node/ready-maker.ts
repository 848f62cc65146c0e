import { invariant } from '../invariant.js';
import type { Entry } from '../log/entry.js';
import { entriesSize } from '../log/entry-size.js';
import type { Snapshot } from '../log/snapshot.js';
import type { HardState } from '../log/storage.js';
import { NO_ENTRIES, NO_MESSAGES, createMessage } from '../message/create.js';
import { LOCAL_APPEND_THREAD, LOCAL_APPLY_THREAD, MessageType, type Message } from '../message/message.js';
import { entriesApplied } from '../replication/applied.js';
import { writeStored } from '../replication/stored.js';
import type { Raft } from '../role/raft.js';
import { step } from '../role/step.js';
import type { AppendWork, ApplyWork, ReadState, Ready, Role, SoftState } from './ready.js';

const NO_READS: readonly ReadState[] = Object.freeze([]);

/** Compares a node with what its host was told last, and makes the next Ready of the difference. */
export class ReadyMaker {
  private readonly raft: Raft;
  private readonly isAsync: boolean;
  private hardState: HardState;
  private leader: number;
  private role: Role;
  /** Synchronous mode: a Ready was handed out, and not yet advanced. The rest is what `advance` will report. */
  private isPending: boolean = false;
  private ownMessages: readonly Message[] = NO_MESSAGES;
  private stableTerm: number = 0;
  private stableIndex: number = 0;
  private stableLogTerm: number = 0;
  private stableSnapshot: Snapshot | undefined = undefined;
  private toApply: readonly Entry[] = NO_ENTRIES;
  private toApplyBytes: number = 0;

  constructor(raft: Raft) {
    this.raft = raft;
    this.isAsync = raft.config.asyncStorageWrites;
    this.hardState = hardStateOf(raft);
    this.leader = raft.leader;
    this.role = raft.role;
  }

  hasReady(): boolean {
    const { raft } = this;
    const { log } = raft;
    return (
      raft.messages.length > 0 ||
      raft.messagesAfterAppend.length > 0 ||
      log.unstable.hasNext ||
      log.hasNextCommitted(!this.isAsync) ||
      this.hardStateChanged() ||
      this.softStateChanged() ||
      log.unstable.hasNextSnapshot ||
      raft.readStates.length > 0
    );
  }

  ready(): Ready {
    const { raft, isAsync } = this;
    const { log } = raft;
    invariant(!this.isPending, () => 'ready() without advance() of the one before');
    const entries = log.unstable.next();
    const committedEntries = log.nextCommitted(!isAsync);
    const snapshot = log.unstable.hasNextSnapshot ? log.unstable.snapshot : undefined;
    const softState = this.softStateChanged() ? this.takeSoftState() : undefined;
    const { term, vote } = this.hardState;
    const mustSync = entries.length > 0 || term !== raft.term || vote !== raft.vote;
    const hardState = this.hardStateChanged() ? this.takeHardState() : undefined;
    const readStates = raft.readStates.length > 0 ? raft.readStates : NO_READS;
    let messages: readonly Message[];
    let append: AppendWork | undefined;
    let apply: ApplyWork | undefined;
    if (isAsync) {
      messages = nonEmpty(raft.messages);
      append = this.appendWork(entries, hardState, snapshot);
      apply = committedEntries.length > 0 ? this.applyWork(committedEntries) : undefined;
    } else {
      messages = this.splitOwn();
      this.isPending = true;
      this.stableTerm = raft.term;
      this.stableIndex = log.unstable.entries.length > 0 ? log.lastIndex : 0;
      this.stableLogTerm = this.stableIndex > 0 ? log.lastTerm : 0;
      this.stableSnapshot = snapshot;
      this.toApply = committedEntries;
    }
    this.accept(committedEntries);
    return {
      softState,
      hardState,
      readStates,
      entries,
      snapshot,
      committedEntries,
      messages,
      mustSync,
      append,
      apply,
    };
  }

  advance(): void {
    invariant(!this.isAsync, () => 'advance() in the asynchronous mode, where responses are stepped instead');
    invariant(this.isPending, () => 'advance() without a ready() before');
    this.isPending = false;
    const { ownMessages, raft } = this;
    this.ownMessages = NO_MESSAGES;
    for (let i = 0; i < ownMessages.length; i++) step(raft, ownMessages[i] as Message);
    writeStored(raft, this.stableTerm, this.stableIndex, this.stableLogTerm, this.stableSnapshot);
    entriesApplied(raft, this.toApply, this.toApplyBytes);
    this.stableSnapshot = undefined;
    this.toApply = NO_ENTRIES;
  }

  /** Synchronous mode: messages to others leave after the write; those to this node itself wait for `advance`. */
  private splitOwn(): readonly Message[] {
    const { id, messages, messagesAfterAppend } = this.raft;
    let own = 0;
    for (let i = 0; i < messagesAfterAppend.length; i++) {
      if ((messagesAfterAppend[i] as Message).to === id) own++;
    }
    if (own === messagesAfterAppend.length) {
      this.ownMessages = nonEmpty(messagesAfterAppend);
      return nonEmpty(messages);
    }
    if (own === 0 && messages.length === 0) return messagesAfterAppend;
    this.ownMessages = messagesAfterAppend.filter(({ to }) => to === id);
    for (const message of messagesAfterAppend) if (message.to !== id) messages.push(message);
    return messages;
  }

  private appendWork(
    entries: readonly Entry[],
    hardState: HardState | undefined,
    snapshot: Snapshot | undefined,
  ): AppendWork | undefined {
    const afterAppend = this.raft.messagesAfterAppend;
    const isNeeded = entries.length > 0 || hardState !== undefined || snapshot !== undefined || afterAppend.length > 0;
    if (!isNeeded) return undefined;
    if (this.raft.log.unstable.entries.length > 0 || snapshot !== undefined) {
      afterAppend.push(this.appendResponse(snapshot));
    }
    return { entries, hardState, snapshot, responses: nonEmpty(afterAppend) };
  }

  private applyWork(entries: readonly Entry[]): ApplyWork {
    const type = MessageType.StorageApplyResp;
    return { entries, responses: [createMessage({ type, to: this.raft.id, from: LOCAL_APPLY_THREAD, entries })] };
  }

  /**
   * Reports the write durable. It names the last entry by index and term, as of now, whether or not this write contains
   * it: writes are durable in order, so that this one's end means all before it, also one that a change of term made
   * us forget. A later term makes it void, for the entries may have been replaced.
   */
  private appendResponse(snapshot: Snapshot | undefined): Message {
    const { raft } = this;
    const { log } = raft;
    const hasEntries = log.unstable.entries.length > 0;
    return createMessage({
      type: MessageType.StorageAppendResp,
      to: raft.id,
      from: LOCAL_APPEND_THREAD,
      term: raft.term,
      logTerm: hasEntries ? log.lastTerm : 0,
      index: hasEntries ? log.lastIndex : 0,
      snapshot,
    });
  }

  private accept(committed: readonly Entry[]): void {
    const { raft } = this;
    if (raft.messages.length > 0) raft.messages = [];
    if (raft.messagesAfterAppend.length > 0) raft.messagesAfterAppend = [];
    if (raft.readStates.length > 0) raft.readStates = [];
    raft.log.unstable.accept();
    if (committed.length === 0) return;
    this.toApplyBytes = entriesSize(committed);
    raft.log.acceptApplying((committed[committed.length - 1] as Entry).index, this.toApplyBytes, !this.isAsync);
  }

  private softStateChanged(): boolean {
    return this.leader !== this.raft.leader || this.role !== this.raft.role;
  }

  private takeSoftState(): SoftState {
    const { leader, role } = this.raft;
    this.leader = leader;
    this.role = role;
    return { leader, role };
  }

  private hardStateChanged(): boolean {
    const { term, vote, commit } = this.hardState;
    return term !== this.raft.term || vote !== this.raft.vote || commit !== this.raft.log.commit;
  }

  private takeHardState(): HardState {
    this.hardState = hardStateOf(this.raft);
    return this.hardState;
  }
}

function hardStateOf(raft: Raft): HardState {
  return { term: raft.term, vote: raft.vote, commit: raft.log.commit };
}

/** The live list itself is handed out, and replaced; but an empty one stays live, and must not fill up under the host. */
function nonEmpty(messages: readonly Message[]): readonly Message[] {
  return messages.length > 0 ? messages : NO_MESSAGES;
}

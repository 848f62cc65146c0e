import { invariant } from '../invariant.js';
import type { Entry } from '../log/entry.js';
import type { HardState } from '../log/storage.js';
import { NO_MESSAGES, createMessage } from '../message/create.js';
import { LOCAL_APPEND_THREAD, LOCAL_APPLY_THREAD, MessageType, type Message } from '../message/message.js';
import { entriesSize } from '../log/entry-size.js';
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
  /** Synchronous mode: what `advance` steps. */
  private steps: readonly Message[] = NO_MESSAGES;
  /** Synchronous mode: a Ready was handed out, and not yet advanced. */
  private isPending: boolean = false;

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
    const { messages, messagesAfterAppend } = raft;
    const stored = this.storageResponse(snapshot !== undefined);
    let sent: readonly Message[] = messages;
    let append: AppendWork | undefined;
    let apply: ApplyWork | undefined;
    if (isAsync) {
      append = this.appendWork(entries, hardState, snapshot, stored);
      apply = committedEntries.length > 0 ? this.applyWork(committedEntries) : undefined;
    } else {
      sent = this.splitOwn(messages, messagesAfterAppend, stored, committedEntries);
      this.isPending = true;
    }
    this.accept(committedEntries);
    return {
      softState,
      hardState,
      readStates,
      entries,
      snapshot,
      committedEntries,
      // An empty list stays the node's own: later messages must not appear in this Ready.
      messages: sent.length > 0 ? sent : NO_MESSAGES,
      mustSync,
      append,
      apply,
    };
  }

  advance(): void {
    invariant(!this.isAsync, () => 'advance() in the asynchronous mode, where responses are stepped instead');
    this.isPending = false;
    const { steps, raft } = this;
    this.steps = NO_MESSAGES;
    for (let i = 0; i < steps.length; i++) step(raft, steps[i] as Message);
  }

  /** Synchronous mode: messages to others leave after the write; those to this node itself wait for `advance`. */
  private splitOwn(
    messages: Message[],
    afterAppend: readonly Message[],
    stored: Message | undefined,
    committed: readonly Entry[],
  ): readonly Message[] {
    const { id } = this.raft;
    const steps: Message[] = [];
    for (let i = 0; i < afterAppend.length; i++) {
      const message = afterAppend[i] as Message;
      (message.to === id ? steps : messages).push(message);
    }
    if (stored !== undefined) steps.push(stored);
    if (committed.length > 0) steps.push(this.applyResponse(committed));
    this.steps = steps;
    return messages;
  }

  private appendWork(
    entries: readonly Entry[],
    hardState: HardState | undefined,
    snapshot: AppendWork['snapshot'],
    stored: Message | undefined,
  ): AppendWork | undefined {
    const afterAppend = this.raft.messagesAfterAppend;
    const isNeeded = entries.length > 0 || hardState !== undefined || snapshot !== undefined || afterAppend.length > 0;
    if (!isNeeded) return undefined;
    if (stored !== undefined) afterAppend.push(stored);
    return { entries, hardState, snapshot, responses: afterAppend.length > 0 ? afterAppend : NO_MESSAGES };
  }

  private applyWork(entries: readonly Entry[]): ApplyWork {
    return { entries, responses: [this.applyResponse(entries)] };
  }

  /**
   * Reports the write durable. It names the last entry by index and term, as of now, whether or not this write contains
   * it: writes are durable in order, so that this one's end means all before it, also one that a change of term made
   * us forget. A later term makes it void, for the entries may have been replaced.
   */
  private storageResponse(hasSnapshot: boolean): Message | undefined {
    const { raft } = this;
    const { unstable } = raft.log;
    const hasEntries = unstable.entries.length > 0;
    if (!hasEntries && !hasSnapshot) return undefined;
    return createMessage({
      type: MessageType.StorageAppendResp,
      to: raft.id,
      from: LOCAL_APPEND_THREAD,
      term: raft.term,
      logTerm: hasEntries ? raft.log.lastTerm : 0,
      index: hasEntries ? raft.log.lastIndex : 0,
      snapshot: hasSnapshot ? unstable.snapshot : undefined,
    });
  }

  private applyResponse(entries: readonly Entry[]): Message {
    const type = MessageType.StorageApplyResp;
    return createMessage({ type, to: this.raft.id, from: LOCAL_APPLY_THREAD, entries });
  }

  private accept(committed: readonly Entry[]): void {
    const { raft } = this;
    if (raft.messages.length > 0) raft.messages = [];
    if (raft.messagesAfterAppend.length > 0) raft.messagesAfterAppend = [];
    if (raft.readStates.length > 0) raft.readStates = [];
    raft.log.unstable.accept();
    const last = committed[committed.length - 1];
    if (last !== undefined) raft.log.acceptApplying(last.index, entriesSize(committed), !this.isAsync);
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

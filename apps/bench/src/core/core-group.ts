import { MemoryStorage, RawNode, Role, type Message } from '@flotilla/raft-core';
import { COMPACT_AFTER, ENTRY_BYTES, KEEP_ENTRIES, type PayloadSource, type ProposalMode } from './core-shape.js';

const VOTERS = [1, 2, 3] as const;
const CONFIGURATION = { voters: VOTERS, learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
const START = { index: 1, term: 1, confState: CONFIGURATION, data: new Uint8Array() };
const MAX_MESSAGE_BYTES = 1024 * 1024;
const template = new Uint8Array(ENTRY_BYTES).fill(0x61);

const SLAB_BYTES = 64 * 1024;
let slab = new Uint8Array(SLAB_BYTES);
let slabUsed = 0;

/** Bytes of its own for each entry, copied from a template. */
function newPayload(source: PayloadSource): Uint8Array {
  if (source === 'own') return new Uint8Array(template);
  if (slabUsed === SLAB_BYTES) {
    slab = new Uint8Array(SLAB_BYTES);
    slabUsed = 0;
  }
  const payload = slab.subarray(slabUsed, slabUsed + ENTRY_BYTES);
  payload.set(template);
  slabUsed += ENTRY_BYTES;
  return payload;
}

/** One node with everything around it reduced to the least: storage in memory, an inbox, a count of what was applied. */
class CoreNode {
  readonly raw: RawNode;
  readonly storage: MemoryStorage = new MemoryStorage();
  inbox: Message[] = [];
  spare: Message[] = [];
  applied: number = 1;
  appliedBytes: number = 0;
  /** Where the log begins. */
  first: number = 1;

  constructor(id: number) {
    this.storage.applySnapshot(START);
    this.raw = new RawNode({
      id,
      electionTicks: 10,
      heartbeatTicks: 1,
      electionJitter: () => 0,
      storage: this.storage,
      applied: 1,
      maxSizePerMessageBytes: MAX_MESSAGE_BYTES,
      maxInflightMessages: 256,
      preVote: true,
      checkQuorum: true,
    });
  }
}

/** A group of three nodes that exchange their messages as they are: no copies, no encoding, no clock. Node 1 leads. */
export class CoreGroup {
  readonly #nodes: readonly CoreNode[] = VOTERS.map((id) => new CoreNode(id));
  readonly #leader: CoreNode;

  constructor() {
    const [leader] = this.#nodes;
    if (leader === undefined) throw new Error('a group without nodes');
    this.#leader = leader;
    leader.raw.campaign();
    this.#pump();
    if (leader.raw.role !== Role.Leader) throw new Error('node 1 is not leader');
  }

  /** Highest index that the leader has applied. */
  get applied(): number {
    return this.#leader.applied;
  }

  /** Whether all three nodes have applied the same. */
  get isEven(): boolean {
    return this.#nodes.every(({ applied, appliedBytes }) => {
      return applied === this.#leader.applied && appliedBytes === this.#leader.appliedBytes;
    });
  }

  /** Proposes a batch, and lets the nodes talk until nothing is left to do. */
  turn(batch: number, mode: ProposalMode, payload: PayloadSource): void {
    const { raw } = this.#leader;
    if (mode === 'one') {
      const payloads: Uint8Array[] = [];
      for (let i = 0; i < batch; i++) payloads.push(newPayload(payload));
      raw.propose(payloads);
    } else {
      for (let i = 0; i < batch; i++) raw.propose([newPayload(payload)]);
    }
    this.#pump();
  }

  #pump(): void {
    const nodes = this.#nodes;
    for (let isBusy = true; isBusy;) {
      isBusy = false;
      for (let at = 0; at < nodes.length; at++) {
        const node = nodes[at] as CoreNode;
        if (node.inbox.length > 0) {
          isBusy = true;
          stepInbox(node);
        }
        if (node.raw.hasReady()) {
          isBusy = true;
          this.#handleReady(node);
        }
      }
    }
  }

  #handleReady(node: CoreNode): void {
    const { hardState, entries, messages, committedEntries } = node.raw.ready();
    if (hardState !== undefined) node.storage.setHardState(hardState);
    if (entries.length > 0) node.storage.append(entries);
    for (let i = 0; i < messages.length; i++) {
      const message = messages[i] as Message;
      (this.#nodes[message.to - 1] as CoreNode).inbox.push(message);
    }
    for (let i = 0; i < committedEntries.length; i++) {
      const entry = committedEntries[i];
      if (entry === undefined) continue;
      node.applied = entry.index;
      node.appliedBytes += entry.data.length;
    }
    node.raw.advance();
    if (node.applied - node.first >= COMPACT_AFTER) {
      node.first = node.applied - KEEP_ENTRIES;
      node.storage.compact(node.first);
    }
  }
}

function stepInbox(node: CoreNode): void {
  const due = node.inbox;
  node.inbox = node.spare;
  for (let i = 0; i < due.length; i++) {
    const verdict = node.raw.step(due[i] as Message);
    if (verdict !== 'ok') throw new Error(`step: ${verdict}`);
  }
  due.length = 0;
  node.spare = due;
}

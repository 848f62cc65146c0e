import {
  asConfChangeV2,
  type ConfState,
  decodeConfChange,
  decodeConfChangeV2,
  type Entry,
  EntryType,
  type HardState,
  type Message,
  type RawNode,
  type Snapshot,
} from '@flotilla/raft-core';
import type { HistoryStorage } from './history-storage.js';

/** What etcd/raft's storage answers where it cannot do what is asked. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
}

/** One member of the group under test. */
export class InteractionNode {
  readonly id: number;
  readonly rawNode: RawNode;
  readonly storage: HistoryStorage;
  readonly electionTicks: number;
  readonly heartbeatTicks: number;
  readonly usesAsyncStorageWrites: boolean;
  /** Messages that wait for the append thread. */
  readonly appendWork: Message[] = [];
  /** Messages that wait for the apply thread. */
  readonly applyWork: Message[] = [];

  constructor(options: {
    readonly id: number;
    readonly rawNode: RawNode;
    readonly storage: HistoryStorage;
    readonly electionTicks: number;
    readonly heartbeatTicks: number;
    readonly usesAsyncStorageWrites: boolean;
  }) {
    this.id = options.id;
    this.rawNode = options.rawNode;
    this.storage = options.storage;
    this.electionTicks = options.electionTicks;
    this.heartbeatTicks = options.heartbeatTicks;
    this.usesAsyncStorageWrites = options.usesAsyncStorageWrites;
  }

  /** Saves the work of an append thread. Throws StorageError. */
  save(hardState: HardState | undefined, entries: readonly Entry[], snapshot: Snapshot | undefined): void {
    if (hardState !== undefined) this.storage.setHardState(hardState);
    if (snapshot !== undefined) {
      if (entries.length > 0) throw new StorageError("can't apply snapshot and entries at the same time");
      if (!this.storage.applySnapshot(snapshot)) {
        throw new StorageError('requested index is older than the existing snapshot');
      }
      return;
    }
    this.storage.append(entries);
  }

  /** Applies committed entries to a state machine that strings all payloads together; each leaves a snapshot. */
  apply(entries: readonly Entry[]): void {
    const { history } = this.storage;
    for (const entry of entries) {
      const last = history.at(-1);
      const { payload, confState } = this.#effectOf(entry);
      history.push({
        index: entry.index,
        term: entry.term,
        confState: confState ?? last?.confState ?? EMPTY_CONF_STATE,
        data: concatenated(last?.data, payload),
      });
    }
  }

  #effectOf(entry: Entry): { readonly payload: Uint8Array; readonly confState?: ConfState } {
    if (entry.type === EntryType.Normal) return { payload: entry.data };
    const change = entry.type === EntryType.ConfChange ? decodeConfChange(entry.data) : decodeConfChangeV2(entry.data);
    if (change.kind === 'malformed') throw new StorageError(`conf change at ${entry.index}: ${change.reason}`);
    return { payload: change.context, confState: this.rawNode.applyConfChange(asConfChangeV2(change)) };
  }
}

const EMPTY_CONF_STATE: ConfState = {
  voters: [],
  learners: [],
  votersOutgoing: [],
  learnersNext: [],
  autoLeave: false,
};

function concatenated(first: Uint8Array | undefined, second: Uint8Array): Uint8Array {
  const start = first ?? new Uint8Array();
  const joined = new Uint8Array(start.length + second.length);
  joined.set(start);
  joined.set(second, start.length);
  return joined;
}

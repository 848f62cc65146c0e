import { MemoryStorage, type Snapshot } from '@flotilla/raft-core';

/** Memory storage that always offers the newest snapshot of the node's history, whatever it was compacted to. */
export class HistoryStorage extends MemoryStorage {
  /** One snapshot for each applied entry, the first from the start. Never empty once the node runs. */
  readonly history: Snapshot[] = [];

  override snapshot(): Snapshot | 'unavailable' {
    return this.history.at(-1) ?? 'unavailable';
  }
}

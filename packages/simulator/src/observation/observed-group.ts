import type { ConfState } from '@flotilla/raft-core';
import { CommittedLog } from './committed-log.js';
import { ConfigurationHistory } from './configuration-history.js';
import type { DiskImage } from './disk-image.js';
import { EntryRegister } from './entry-register.js';
import type { ObservedReplica } from './observed-replica.js';

/** What was seen of one group over all its replicas, those included that are gone. */
export class ObservedGroup {
  readonly id: number;
  /** All entries that ever stood in a log. */
  readonly entries: EntryRegister = new EntryRegister();
  readonly committed: CommittedLog = new CommittedLog();
  readonly configurations: ConfigurationHistory = new ConfigurationHistory();
  /** Disks by the node id of the replica on it; also those whose content is gone. */
  readonly disks: Map<number, DiskImage> = new Map();
  /** Replicas that are open, by name of their machine. */
  readonly replicas: Map<string, ObservedReplica> = new Map();
  /**
   * The group's log begins with so many changes of membership that stood in it when it was founded, one for each founder: all of them were
   * in effect at once on the founders, and one after the other wherever they are replayed. 0: not seen.
   */
  foundingEntries = 0;

  constructor(id: number) {
    this.id = id;
  }

  /** The newest configuration that any replica has applied; undefined before the first. */
  get configuration(): ConfState | undefined {
    return this.configurations.latest?.configuration;
  }
}

import type { Configuration } from '../conf-change/configuration.js';
import type { ProgressStatus } from '../tracker/progress.js';
import type { Role } from './ready.js';

/** A copy of a node's state, for people and tests. Hosts on a hot path read `RawNode`'s accessors instead. */
export interface Status {
  readonly id: number;
  readonly role: Role;
  readonly term: number;
  /** Who got this node's vote in `term`; 0: nobody. */
  readonly vote: number;
  /** 0: unknown. */
  readonly leader: number;
  readonly commit: number;
  readonly applied: number;
  readonly firstIndex: number;
  readonly lastIndex: number;
  /** Target of a leadership transfer in progress; 0: none. */
  readonly transferee: number;
  /** No change of membership may be proposed until this index is applied; only leaders know it. */
  readonly pendingConfIndex: number;
  readonly configuration: Configuration;
  /** Ascending by id, this node included. What a leader knows of its followers; meaningless in other roles. */
  readonly progress: readonly ProgressStatus[];
}

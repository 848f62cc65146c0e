import type { FlotillaError } from '@flotilla/errors';
import type { Group } from '../group/group.js';

/** What this chapter needs of the loop that drives its groups. */
export interface GroupDriver {
  /** Why no group can be opened; undefined while the loop runs. */
  refusal(): FlotillaError | undefined;
  /** Why nothing may be proposed to any group; undefined while the disk has room. */
  proposalRefusal(): FlotillaError | undefined;
  /** Something waits for a turn. */
  wake(): void;
  /** Has the group's hard state written for its commit index alone. */
  persistCommit(group: Group): void;
  /** Drops what disk and snapshot store hold of the group; resolves when that is durable. */
  drop(group: Group): Promise<void>;
}

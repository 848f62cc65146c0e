import { FlotillaError } from '@flotilla/errors';
import type { Message, RawNode, StepResult } from '@flotilla/raft-core';
import type { GroupTiming } from './group-options.js';

/**
 * Notices a replica whose log is not the one that it acknowledged.
 *
 * A leader's heartbeat names no more than what this replica has acknowledged. One that names more may be late, and meant for a former
 * replica of this node; if they go on for an election timeout, then what was acknowledged is gone: the log was lost, or an old copy of it put
 * back. Such a replica must not vote, and can never catch up.
 */
export class LostLog {
  readonly #group: number;
  readonly #raw: RawNode;
  readonly #timing: GroupTiming;
  /** Heartbeats in a row that named more than this replica holds. */
  #beyondLog = 0;

  constructor(group: number, raw: RawNode, timing: GroupTiming) {
    this.#group = group;
    this.#raw = raw;
    this.#timing = timing;
  }

  /** A heartbeat was stepped, with this result. What ends the group; undefined: all is well, or it is too early to tell. */
  heartbeatTaken({ from, commit }: Message, result: StepResult): FlotillaError | undefined {
    if (result !== 'commit-beyond-log') {
      this.#beyondLog = 0;
      return undefined;
    }
    this.#beyondLog++;
    if (this.#beyondLog * this.#timing.heartbeatTicks < this.#timing.electionTicks) return undefined;
    const reason = `its log ends at ${this.#raw.lastIndex}, and node ${from}, which leads, has seen it acknowledge ${commit}`;
    return new FlotillaError('StorageCorrupt', {
      message:
        `the log of group ${this.#group} is not the one that this node had: ${reason}. An older copy of the data folder was put back, or the log was ` +
        'lost: start with an empty folder as a new node and replace this one by it (members replace)',
      details: { path: `group ${this.#group}`, offset: 0, reason },
    });
  }
}

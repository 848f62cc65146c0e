import { isFlotillaError } from '@flotilla/errors';
import type { ConfState } from '@flotilla/raft-core';
import type { GroupMembership } from '@flotilla/routing';
import type { Runtime } from '@flotilla/runtime';
import type { MetadataState } from './metadata-state.js';

/** What a led group looks like now. */
export interface LedConfiguration {
  readonly incarnation: number;
  /** The configuration is as of this index at the latest. */
  readonly confIndex: number;
  readonly confState: ConfState;
}

/** What reports need of their node. */
export interface MembershipReportsOptions {
  readonly runtime: Runtime;
  /** The configuration of a group that this node leads; undefined where it does not. */
  readonly led: (group: number) => LedConfiguration | undefined;
  readonly state: () => MetadataState;
  /** Commits a report in group 0, wherever its leader is. */
  readonly propose: (membership: GroupMembership) => Promise<unknown>;
}

/** Wait before a report that failed is made again (ms). */
const RETRY_MS = 200;

/**
 * Tells group 0 of the configurations of the groups that this node leads: after each conf change it applied, and when it becomes leader,
 * since its predecessor may have died between the two. A report is made until the state has it; a lower confIndex is ignored there.
 */
export class MembershipReports {
  readonly #options: MembershipReportsOptions;
  readonly #due = new Set<number>();
  readonly #running = new Set<number>();
  #stopped = false;

  constructor(options: MembershipReportsOptions) {
    this.#options = options;
  }

  /** A group that this node leads applied a conf change, or this node became its leader. */
  report(group: number): void {
    this.#due.add(group);
    if (this.#running.has(group) || this.#stopped) return;
    this.#running.add(group);
    this.#options.runtime.nextTurn(() => void this.#run(group));
  }

  stop(): void {
    this.#stopped = true;
    this.#due.clear();
  }

  async #run(group: number): Promise<void> {
    while (this.#due.delete(group)) {
      const membership = this.#missing(group);
      if (membership === undefined) continue;
      try {
        await this.#options.propose(membership);
      } catch (error) {
        if (isFlotillaError(error, 'InvalidArgument')) continue;
        if (this.#stopped) break;
        this.#due.add(group);
        await new Promise<void>((resolve) => this.#options.runtime.setTimer(RETRY_MS, resolve));
      }
    }
    this.#running.delete(group);
  }

  /** What group 0 does not know yet; undefined: nothing, or this node does not lead the group any more. */
  #missing(group: number): GroupMembership | undefined {
    const led = this.#options.led(group);
    const known = this.#options.state().routing.groups.get(group);
    if (led === undefined || known === undefined || known.incarnation !== led.incarnation) return undefined;
    const { voters, votersOutgoing, learners, learnersNext } = led.confState;
    const allVoters = union(voters, votersOutgoing);
    const membership: GroupMembership = {
      group,
      incarnation: led.incarnation,
      confIndex: led.confIndex,
      voters: allVoters,
      learners: union(learners, learnersNext).filter((id) => !allVoters.includes(id)),
    };
    if (sameIds(known.voters, membership.voters) && sameIds(known.learners, membership.learners)) return undefined;
    return known.confIndex >= membership.confIndex ? undefined : membership;
  }
}

function union(a: readonly number[], b: readonly number[]): number[] {
  return [...new Set([...a, ...b])].toSorted((x, y) => x - y);
}

function sameIds(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((id, place) => id === b[place]);
}

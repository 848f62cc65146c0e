import type { LeaderHints } from '@flotilla/routing';
import type { Runtime } from '@flotilla/runtime';
import type { LeaderAnnouncement } from './membership-requests.js';

/** What announcements need of their node. */
export interface LeaderAnnouncementsOptions {
  readonly runtime: Runtime;
  readonly hints: LeaderHints;
  /** The groups that this node leads now, with their terms. */
  readonly led: () => readonly LeaderAnnouncement[];
  readonly connected: () => readonly number[];
  readonly announce: (node: number, led: readonly LeaderAnnouncement[]) => Promise<unknown>;
  /** A hint changed. */
  readonly learned: (group: number) => void;
}

/**
 * Who leads which group, told by the leaders themselves to all nodes they are connected to: when they are elected, and to each node that
 * connects. Soft state: what is lost is told again at the next connection or election.
 */
export class LeaderAnnouncements {
  readonly #options: LeaderAnnouncementsOptions;
  readonly #won = new Map<number, number>();
  #scheduled = false;

  constructor(options: LeaderAnnouncementsOptions) {
    this.#options = options;
  }

  /** This node was elected. Elections of one turn are told together. */
  won(group: number, term: number): void {
    this.#won.set(group, term);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#options.runtime.nextTurn(() => {
      this.#scheduled = false;
      const led = [...this.#won].map(([wonGroup, wonTerm]) => ({ group: wonGroup, term: wonTerm }));
      this.#won.clear();
      for (const node of this.#options.connected()) this.#tell(node, led);
    });
  }

  /** A node connected: it is told all that this node leads. */
  connected(node: number): void {
    const led = this.#options.led();
    if (led.length > 0) this.#tell(node, led);
  }

  /** Another node says that it leads these groups. */
  heard(node: number, led: readonly LeaderAnnouncement[]): void {
    for (const { group, term } of led) {
      if (this.#options.hints.learn(group, node, term)) this.#options.learned(group);
    }
  }

  #tell(node: number, led: readonly LeaderAnnouncement[]): void {
    // Told as an event by whoever asked. A hint that is lost is made good by a redirect, and by the next connection.
    this.#options.announce(node, led).catch(() => undefined);
  }
}

import type { Prng } from '@flotilla/runtime/virtual';
import type { Pipe } from './pipe.js';
import { OPEN, type Traffic } from './traffic.js';

/** What was done to bytes, to tell a fault that struck from one that met nothing. */
export interface TrafficTally {
  heldBytes: number;
  swallowedBytes: number;
  delayedPieces: number;
  stalls: number;
  resets: number;
  /** Dials that nobody answered. */
  unansweredDials: number;
}

/** A tally of nothing. */
export function trafficTally(): TrafficTally {
  return { heldBytes: 0, swallowedBytes: 0, delayedPieces: 0, stalls: 0, resets: 0, unansweredDials: 0 };
}

/** All bytes from one member to another, of whichever connection, whoever dialled it. */
export class Direction {
  readonly pipes: Set<Pipe> = new Set();
  readonly tally: TrafficTally;
  readonly random: Prng;
  /** Told of every change of the traffic. */
  readonly watchers: Set<() => void> = new Set();
  #traffic: Traffic = OPEN;

  constructor(tally: TrafficTally, random: Prng) {
    this.tally = tally;
    this.random = random;
  }

  get traffic(): Traffic {
    return this.#traffic;
  }

  set traffic(traffic: Traffic) {
    this.#traffic = traffic;
    for (const pipe of this.pipes) pipe.changed();
    for (const watcher of this.watchers) watcher();
  }
}

import type { Prng } from '@flotilla/runtime/virtual';
import type { NemesisKind } from '../plan/plan.js';
import type { Fleet } from '../processes/fleet.js';
import type { Operator } from './operator.js';

/** What a nemesis has to do with. */
export interface Arena {
  readonly fleet: Fleet;
  readonly operator: Operator;
  /** Base of how long things last: the election timeout of the servers, in ms. */
  readonly electionTimeoutMs: number;
  /** Writes large values, so that the logs of the servers grow fast; until the signal aborts. */
  fillLogs(signal: AbortSignal): Promise<void>;
  /** Aborts when the time of the faults is over. */
  readonly signal: AbortSignal;
}

/**
 * Strikes once and makes it good again as far as a nemesis does that: it never rejects for what the cluster does. Resolves with
 * what was done, in a word or two, or undefined where it met nothing that it could strike.
 */
export type Nemesis = (arena: Arena, random: Prng) => Promise<string | undefined>;

/** A nemesis of each kind. */
export type Nemeses = Readonly<Record<NemesisKind, Nemesis>>;

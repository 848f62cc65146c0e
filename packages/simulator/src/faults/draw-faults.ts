import type { Prng } from '@flotilla/runtime/virtual';
import type { FaultAction } from './fault-action.js';
import type { Fault, FaultScope } from './fault.js';

/** How faults are drawn. */
export interface DrawFaultsOptions {
  /** Kinds to draw from. */
  readonly faults: readonly Fault[];
  /** Whether a random part of the kinds is in play (the default), or each of them. */
  readonly inPlay?: 'some' | 'all';
  /** Clocks are trusted in this run (lease reads): no fault strikes them. */
  readonly trustedClocks?: boolean;
}

/** Of all kinds, about so large a part is in play in one run: from a few kinds, each often, to nearly all. */
const SHARES = [0.08, 0.2, 0.4, 0.7];
/** How much more often than usual, or less. */
const RATES = [0.3, 1, 3];
/** So many actions are in force at once, on average, at most: beyond that nothing is left that could serve, and nothing is found out. */
const IN_FORCE = [1, 2, 4];
/** What lasts at all lasts so long, in virtual ms. */
const LASTS_MIN_MS = 50;
/** So many actions a minute of virtual time at most, lest nothing but faults happen. */
const ACTIONS_PER_MINUTE_MAX = 240;

/**
 * Draws the faults of a run, in the manner of swarm testing: a random part of all kinds, each with a random rate of its own, so that runs differ
 * in kind and not only in detail: what one kind of fault hides, a run without it shows.
 *
 * Every kind has chance of its own: a kind that is added changes nothing in the others' actions but their numbers, unless there are so many
 * that a random part of them must go, or that they must be shorter.
 */
export function drawFaults(
  scope: FaultScope,
  prng: Prng,
  { faults, inPlay = 'some', trustedClocks = false }: DrawFaultsOptions,
): FaultAction[] {
  const share = inPlay === 'all' ? 1 : prng.fork('share').pick(SHARES);
  const pace = prng.fork('pace').pick(RATES);
  const drawn: Omit<FaultAction, 'number'>[] = [];
  for (const fault of faults) {
    const own = prng.fork(fault.kind);
    if (!own.chance(share) || (trustedClocks && fault.family === 'clock')) continue;
    const gapMs = fault.everyMs / (pace * own.pick(RATES));
    // Rare kinds come once anyway, somewhere in the run.
    const times = timesOf(scope.durationMs, gapMs, own);
    for (const atMs of times) drawn.push({ atMs, kind: fault.kind, ...fault.draw(scope, own) });
  }
  const most = Math.max(faults.length, Math.floor((scope.durationMs / 60_000) * ACTIONS_PER_MINUTE_MAX));
  const kept = drawn.length <= most ? drawn : prng.fork('kept').shuffled(drawn).slice(0, most);
  return bounded(kept, prng.fork('in force').pick(IN_FORCE) * scope.durationMs)
    .sort((a, b) => a.atMs - b.atMs || (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : 0))
    .map((action, number) => ({ number, ...action }));
}

/** Times at random distances, `gapMs` on average; at least one. */
function timesOf(durationMs: number, gapMs: number, prng: Prng): number[] {
  const times: number[] = [];
  for (let at = 2 * gapMs * prng.float(); at < durationMs; at += 2 * gapMs * prng.float()) times.push(Math.floor(at));
  return times.length > 0 ? times : [prng.integer(0, Math.max(1, Math.floor(durationMs)))];
}

/** The actions with shorter durations, where these together are longer than `totalMs`. */
function bounded(actions: readonly Omit<FaultAction, 'number'>[], totalMs: number): Omit<FaultAction, 'number'>[] {
  const factor = totalMs / actions.reduce((sum, { durationMs }) => sum + durationMs, 0);
  if (!(factor < 1)) return [...actions];
  return actions.map((action) => ({
    ...action,
    durationMs: action.durationMs === 0 ? 0 : Math.max(LASTS_MIN_MS, Math.floor(action.durationMs * factor)),
  }));
}

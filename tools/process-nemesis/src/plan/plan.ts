import { Prng } from '@flotilla/runtime/virtual';

/** Every kind of fault there is, by the lane in which it strikes. Lanes strike at the same time; a lane strikes one after the other. */
export const NEMESES = {
  /** What happens to processes, disks and members. */
  processes: ['kill', 'pause', 'restart', 'transfer', 'disk-full', 'wipe', 'members'],
  /** What happens to the connections between members. */
  links: ['partition', 'one-way', 'slow', 'lossy'],
} as const;

/** A lane of the plan. */
export type Lane = keyof typeof NEMESES;
/** A kind of fault. */
export type NemesisKind = (typeof NEMESES)[Lane][number];

/** All kinds, those of processes first. */
export const NEMESIS_KINDS: readonly NemesisKind[] = [...NEMESES.processes, ...NEMESES.links];

/** One fault to come. Whom it strikes and how is drawn from its own source of chance when it strikes. */
export interface Strike {
  readonly kind: NemesisKind;
  /** Rest before it, in ms. */
  readonly restMs: number;
  readonly random: Prng;
}

/** Rest between two strikes of a lane, in ms: short enough that a cluster is hardly ever well, long enough to serve in between. */
const REST_MS = { low: 300, high: 2_500 };

/** Kinds that strike twice where others strike once: crashes and pauses find most, and are over soon. */
const TWICE: readonly NemesisKind[] = ['kill', 'pause'];

/**
 * The strikes of one lane without end: every kind in random order, then again in another. The same seed gives the same
 * kinds, rests and choices; when they fall, and what the cluster does meanwhile, is up to the machine.
 */
export function* strikesOf(seed: string, lane: Lane, kinds: readonly NemesisKind[]): Generator<Strike, void> {
  const own = kinds.filter((kind) => laneOf(kind) === lane);
  const deck = [...own, ...own.filter((kind) => TWICE.includes(kind))];
  const random = new Prng(seed).fork(lane);
  for (let place = 0; own.length > 0;) {
    for (const kind of random.shuffled(deck)) {
      yield { kind, restMs: random.integer(REST_MS.low, REST_MS.high), random: random.fork(place++) };
    }
  }
}

/** The lane of a kind. */
export function laneOf(kind: NemesisKind): Lane {
  return NEMESES.links.some((one) => one === kind) ? 'links' : 'processes';
}

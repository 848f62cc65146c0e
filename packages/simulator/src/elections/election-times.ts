import { ElectionCluster, type ElectionTime } from './election-cluster.js';
import { type ElectionFigure, type ElectionSetup, THESIS_FIGURES } from './election-setup.js';

/** Elections between two fresh starts of all servers: chance of one start, such as the phases of their ticks, must not colour all. */
const ELECTIONS_PER_CLUSTER = 100;

/** How long elections of one setup took. */
export class ElectionTimes {
  readonly setup: ElectionSetup;
  readonly #elections: readonly ElectionTime[];
  readonly #sorted: readonly number[];

  constructor(setup: ElectionSetup, elections: readonly ElectionTime[]) {
    if (elections.length === 0) throw new RangeError('times of no elections');
    this.setup = setup;
    this.#elections = elections;
    this.#sorted = elections.map(({ fromLastHeartbeatMs }) => fromLastHeartbeatMs).toSorted((a, b) => a - b);
  }

  get count(): number {
    return this.#elections.length;
  }

  /** Mean time from the last heartbeat to the next leader, ms. */
  get meanMs(): number {
    return mean(this.#sorted);
  }

  /** Mean time from the crash to the next leader, ms. */
  get meanFromCrashMs(): number {
    return mean(this.#elections.map(({ fromCrashMs }) => fromCrashMs));
  }

  /** The part of terms that ended without a leader. */
  get splitRate(): number {
    const terms = this.#elections.reduce((sum, election) => sum + election.terms, 0);
    return (terms - this.count) / terms;
  }

  /** The time within which this part of the elections, above 0 and at most 1, was over, ms. */
  quantileMs(part: number): number {
    const place = Math.min(this.count, Math.max(1, Math.ceil(part * this.count)));
    return this.#sorted[place - 1] ?? 0;
  }
}

/**
 * Kills the leader of real servers `count` times and measures how long they take to elect another.
 *
 * @param seed decides all chance
 */
export async function measureElections(
  setup: ElectionSetup,
  count: number,
  seed: number | string,
): Promise<ElectionTimes> {
  const elections: ElectionTime[] = [];
  while (elections.length < count) {
    const cluster = new ElectionCluster(setup, `elections ${seed}, from ${elections.length}`);
    await cluster.start();
    for (let at = 0; at < ELECTIONS_PER_CLUSTER && elections.length < count; at++) {
      elections.push(await cluster.elect());
    }
  }
  return new ElectionTimes(setup, elections);
}

/** A figure of the thesis beside what the simulator came to. */
export interface ElectionComparison {
  readonly figure: ElectionFigure;
  readonly times: ElectionTimes;
  /** How far the mean is from the figure's: 0.1 is 10 % above. */
  readonly meanDeviation: number;
  /** Whether the mean is within 10 % of the figure's, and 99.9 % of the elections within its bound and 10 %. */
  readonly agrees: boolean;
}

/** How far from a figure of the thesis still agrees with it. */
const TOLERANCE = 0.1;

/** Measures the elections of each figure of the thesis, and holds them beside it. */
export async function compareWithThesis(count: number, seed: number | string): Promise<ElectionComparison[]> {
  const comparisons: ElectionComparison[] = [];
  for (const figure of THESIS_FIGURES) {
    const times = await measureElections(figure.setup, count, seed);
    const meanDeviation = times.meanMs / figure.meanMs - 1;
    const isInTime = times.quantileMs(0.999) <= figure.within999Ms * (1 + TOLERANCE);
    comparisons.push({ figure, times, meanDeviation, agrees: Math.abs(meanDeviation) <= TOLERANCE && isInTime });
  }
  return comparisons;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

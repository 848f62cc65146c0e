/** The layers of the run. */
export type Layer = 'storage' | 'node' | 'flips';

/** One state that was not recovered from. */
export interface Unrecovered {
  readonly layer: Layer;
  /** Arguments that try exactly this state again. */
  readonly replay: string;
  readonly why: string;
}

/** What came of a damage: the state was the same, or the folder was refused, or it is an earlier one and cannot tell. */
export type FlipOutcome = 'same' | 'refused' | 'earlier';

/** Counts of a run. */
export class Tally {
  readonly unrecovered: Unrecovered[] = [];
  crashStates = 0;
  flips = 0;
  readonly #log: (line: string) => void;
  readonly #points = new Map<string, { tried: number; of: number }>();
  readonly #survivals = new Map<Layer, { complete: number; sampled: number }>();
  readonly #states = new Map<Layer, number>();
  readonly #flips = new Map<string, number>();

  /** @param log Takes the lines of what was not recovered, as it is found. */
  constructor(log: (line: string) => void = () => undefined) {
    this.#log = log;
  }

  /** So many crash points of these were tried. */
  points(where: string, tried: number, of: number): void {
    const before = this.#points.get(where) ?? { tried: 0, of: 0 };
    this.#points.set(where, { tried: before.tried + tried, of: before.of + of });
  }

  /** One point's survivals were all tried, or sampled. */
  survivals(layer: Layer, isComplete: boolean): void {
    const counts = this.#survivals.get(layer) ?? { complete: 0, sampled: 0 };
    if (isComplete) counts.complete++;
    else counts.sampled++;
    this.#survivals.set(layer, counts);
  }

  /** Tries one crash state; what it throws makes it unrecovered. */
  async crashState(layer: Layer, replay: string, work: () => Promise<void>): Promise<void> {
    this.crashStates++;
    this.#states.set(layer, (this.#states.get(layer) ?? 0) + 1);
    try {
      await work();
    } catch (error) {
      this.#fail(layer, replay, error);
    }
  }

  /** Tries one flip, or another damage, of a kind; what it throws makes it unrecovered. */
  async flip(kind: string, replay: string, work: () => Promise<FlipOutcome>): Promise<void> {
    this.flips++;
    try {
      const key = `${kind}: ${await work()}`;
      this.#flips.set(key, (this.#flips.get(key) ?? 0) + 1);
    } catch (error) {
      this.#fail('flips', replay, error);
    }
  }

  /** What is to be crashed or damaged does not even work when nothing is. */
  broken(layer: Layer, replay: string, error: unknown): void {
    this.#fail(layer, replay, error);
  }

  /** Lines for people: what was tried, and what came of it. */
  report(): string[] {
    const lines: string[] = [];
    for (const [where, { tried, of }] of this.#points) {
      lines.push(`${where}: ${tried} of ${of} crash points${tried < of ? ', sampled' : ''}`);
    }
    for (const [layer, { complete, sampled }] of this.#survivals) {
      lines.push(`${layer}: every survival at ${complete} points, a sample at ${sampled}`);
    }
    for (const [layer, states] of this.#states) lines.push(`${layer}: ${states} crash states`);
    for (const [outcome, count] of this.#flips) lines.push(`flips, ${outcome}: ${count}`);
    return lines;
  }

  /** The last line of a run. */
  summary(): string {
    return `${this.crashStates} crash states, ${this.flips} flips, ${this.unrecovered.length} unrecovered`;
  }

  #fail(layer: Layer, replay: string, error: unknown): void {
    const why = textOf(error);
    this.unrecovered.push({ layer, replay, why });
    this.#log(`not recovered: npm run crash-points -- ${replay}\n  ${why}`);
  }
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined || error.message.includes(': ')
    ? error.message
    : `${error.message}: ${textOf(error.cause)}`;
}

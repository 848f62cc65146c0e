import { type Lane, laneOf, NEMESES, type NemesisKind, strikesOf } from '../plan/plan.js';
import { sleep } from '../processes/until.js';
import { NEMESIS_OF } from './nemeses.js';
import type { Arena } from './nemesis.js';

/** Faults that struck, by kind and what exactly was done. */
export class FaultTally {
  readonly #counts = new Map<NemesisKind, Map<string, number>>();

  /** A fault struck. */
  struck(kind: NemesisKind, what: string): void {
    const counts = this.#counts.get(kind) ?? new Map<string, number>();
    this.#counts.set(kind, counts.set(what, (counts.get(what) ?? 0) + 1));
  }

  /** How often a kind struck. */
  of(kind: NemesisKind): number {
    return [...(this.#counts.get(kind)?.values() ?? [])].reduce((sum, count) => sum + count, 0);
  }

  /** All counts in the order of `kinds`: `kill 7 (all 2, leader 5)`. */
  text(kinds: readonly NemesisKind[]): string {
    return kinds
      .map((kind) => {
        const parts = [...(this.#counts.get(kind) ?? [])].toSorted(([one], [other]) => (one < other ? -1 : 1));
        const detail = parts.map(([what, count]) => `${what} ${count}`).join(', ');
        return `${kind} ${this.of(kind)}${detail === '' ? '' : ` (${detail})`}`;
      })
      .join(', ');
  }
}

/** What the lanes of one round need. */
export interface LanesOptions {
  readonly arena: Arena;
  readonly seed: string;
  readonly kinds: readonly NemesisKind[];
  /** Whether no more faults are wanted. */
  readonly isEnough: () => boolean;
  readonly tally: FaultTally;
  /** Told of every fault that is over, for the story of the run. */
  readonly say: (text: string) => void;
}

/** Lets all lanes strike until the arena's signal aborts, or it is enough. */
export async function runLanes(options: LanesOptions): Promise<void> {
  await Promise.all((Object.keys(NEMESES) as Lane[]).map(async (lane) => await runLane(lane, options)));
}

async function runLane(lane: Lane, { arena, seed, kinds, isEnough, tally, say }: LanesOptions): Promise<void> {
  const own = kinds.filter((kind) => laneOf(kind) === lane);
  for (const { kind, restMs, random } of strikesOf(seed, lane, own)) {
    await sleep(restMs, arena.signal);
    if (arena.signal.aborted || isEnough()) return;
    const begun = performance.now();
    const what = await NEMESIS_OF[kind](arena, random);
    if (what !== undefined) tally.struck(kind, what);
    say(`${kind}: ${what ?? 'met nothing'}, ${Math.round(performance.now() - begun)} ms`);
  }
}

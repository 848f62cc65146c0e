import { isFlotillaError } from '@flotilla/errors';
import type { VirtualWorld } from '@flotilla/runtime/virtual';
import type { RunJudge } from './run-judge.js';

/** How often full checks are made, and the cluster is asked for its figures (virtual ms). */
const CHECK_MS = 2_000;
/** How often the cluster is looked at while something is waited for (virtual ms). */
const LOOK_MS = 500;

/** What a wait is for, and how long it may take. */
export interface Wait {
  /** In virtual ms. */
  readonly withinMs: number;
  /** Name of the violation when it takes longer. */
  readonly otherwise: 'stuck' | 'liveness';
  /** Why it may take longer all the same, in words; undefined: it may not. */
  readonly excuse?: () => string | undefined;
}

/** A wait took too long, and had an excuse. */
export class Excused extends Error {
  override readonly name = 'Excused';
}

/** Moves virtual time on, in small steps with full checks between them. */
export class RunDriver {
  readonly #world: VirtualWorld;
  readonly #judge: RunJudge;
  readonly #looked: () => void;
  #checkAtMs = 0;

  /** @param looked Called before full checks. */
  constructor(world: VirtualWorld, judge: RunJudge, looked: () => void) {
    this.#world = world;
    this.#judge = judge;
    this.#looked = looked;
  }

  /** @throws {RunEnded} as soon as a rule does not hold */
  async advance(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= LOOK_MS) {
      await this.#world.advance(Math.min(left, LOOK_MS));
      this.#judge.endIfViolated();
      if (this.#world.now() >= this.#checkAtMs) this.check();
    }
  }

  /** All full checks now. @throws {RunEnded} when a rule does not hold */
  check(): void {
    this.#checkAtMs = this.#world.now() + CHECK_MS;
    this.#looked();
    this.#judge.check();
  }

  /** Until `why` has nothing to say any more. @throws {RunEnded | Excused} */
  async until(why: () => string | undefined, wait: Wait): Promise<void> {
    const endMs = this.#world.now() + wait.withinMs;
    for (let reason = why(); reason !== undefined; reason = why()) {
      if (this.#world.now() >= endMs) this.#failed(wait, `after ${wait.withinMs} virtual ms: ${reason}`);
      await this.advance(LOOK_MS);
    }
    this.#judge.endIfViolated();
  }

  #failed({ otherwise, excuse }: Wait, message: string): void {
    const excused = excuse?.();
    if (excused !== undefined) throw new Excused(excused);
    this.#judge.violated({ invariant: otherwise, message });
  }

  /** Until the work is done; what it is refused by the cluster is a violation. @throws {RunEnded | Excused} */
  async settle(what: string, work: Promise<unknown>, wait: Wait): Promise<void> {
    const outcome: { isOver: boolean; error: unknown } = { isOver: false, error: undefined };
    work.then(
      () => {
        outcome.isOver = true;
      },
      (error: unknown) => {
        outcome.isOver = true;
        outcome.error = error ?? new Error(`${what} failed without a reason`);
      },
    );
    await this.until(() => (outcome.isOver ? undefined : `still waiting for ${what}`), wait);
    const { error } = outcome;
    if (error === undefined) return;
    if (isFlotillaError(error) && error.code !== 'Internal')
      this.#failed(wait, `${what}: ${error.code}: ${error.message}`);
    else this.#judge.caught(error);
    this.#judge.endIfViolated();
  }
}

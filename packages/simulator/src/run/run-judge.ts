import { VirtualDeadline } from '@flotilla/runtime/virtual';
import { InvariantSet } from '../invariants/invariant-set.js';
import { type Invariant, InvariantViolation } from '../invariants/invariant.js';
import type { Observation } from '../observation/observation.js';
import { ObservedCluster } from '../observation/observed-cluster.js';
import type { Observer } from '../observation/observer.js';
import { TraceHash } from '../observation/trace-hash.js';
import type { Story } from '../story/story.js';
import { ToldObservations } from '../story/told-observations.js';
import type { Violation } from '../violation.js';

/** Ends a run of which the judge keeps a violation. */
export class RunEnded extends Error {
  override readonly name = 'RunEnded';
}

/** What a judge works with. */
export interface RunJudgeOptions {
  readonly now: () => number;
  readonly story: Story;
  readonly invariants: readonly Invariant[];
  /** Hears of all of it after the invariants; what it throws is judged as theirs is. */
  readonly listener?: (observation: Observation) => void;
}

/** Sees all that is observed of a run, and keeps the first violation. It never throws into a node. */
export class RunJudge implements Observer {
  readonly hash: TraceHash;
  readonly observed: ObservedCluster = new ObservedCluster();
  readonly #now: () => number;
  readonly #story: Story;
  readonly #told: ToldObservations;
  readonly #invariants: InvariantSet;
  readonly #listener: ((observation: Observation) => void) | undefined;
  #violation: Violation | undefined;

  constructor({ now, story, invariants, listener }: RunJudgeOptions) {
    this.#listener = listener;
    this.#now = now;
    this.#story = story;
    this.hash = new TraceHash(now);
    this.#told = new ToldObservations(story);
    this.#invariants = new InvariantSet(invariants, this.observed);
  }

  /** The first rule that did not hold. */
  get violation(): Violation | undefined {
    return this.#violation;
  }

  observe(observation: Observation): void {
    if (this.#violation !== undefined) return;
    try {
      this.hash.observe(observation);
      if (this.#story.isKept) this.#told.observe(observation);
      this.#invariants.observe(observation);
      this.#listener?.(observation);
    } catch (error) {
      this.caught(error);
    }
  }

  /** All full checks. @throws {RunEnded} when a rule does not hold, or did not before */
  check(): void {
    this.#checked(() => this.#invariants.check());
  }

  /** What must hold at rest of a part of the machines that can do without the others. @throws {RunEnded} */
  checkSettled(machines: readonly string[]): void {
    this.#checked(() => this.#invariants.settled(machines));
  }

  #checked(check: () => void): void {
    this.endIfViolated();
    try {
      check();
    } catch (error) {
      this.caught(error);
    }
    this.endIfViolated();
  }

  /** Takes what was thrown somewhere in the run for what it is. */
  caught(error: unknown): void {
    if (error instanceof RunEnded) return;
    if (error instanceof InvariantViolation) this.violated({ invariant: error.invariant, message: error.message });
    else if (error instanceof VirtualDeadline) this.violated({ invariant: 'stuck', message: error.message });
    else this.violated({ invariant: 'crash', message: textOf(error) });
  }

  /** A rule did not hold. Only the first counts. */
  violated(violation: Omit<Violation, 'atMs'>): void {
    if (this.#violation !== undefined) return;
    this.#violation = { ...violation, atMs: this.#now() };
    this.#story.note(`VIOLATION ${violation.invariant}: ${violation.message}`, violation);
  }

  /** @throws {RunEnded} when a rule did not hold */
  endIfViolated(): void {
    if (this.#violation !== undefined) throw new RunEnded();
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

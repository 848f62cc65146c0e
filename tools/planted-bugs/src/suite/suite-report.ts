/** What a suite is to do. */
export interface SuiteTask {
  /** First seed of random runs. */
  readonly fromSeed: number;
  /** Random runs at most; 0: none. */
  readonly seeds: number;
  /** No random run begins once so much processor time was used (ms). */
  readonly budgetMs: number;
  /** Kinds of fault, all in play; none named: a random part of all that there are. */
  readonly focus: readonly string[];
  /** Scenarios by name, played after the random runs. */
  readonly scenarios: readonly string[];
}

/** What a suite says, a line of JSON each on its standard output. It goes on until something is found. */
export type SuiteReport =
  /** A random run, or a scenario, begins. */
  | { readonly kind: 'begun'; readonly part: string; readonly seed: number; readonly seeds: number }
  /** A rule did not hold. */
  | {
      readonly kind: 'found';
      /** `random`, `focused`, or the name of a scenario. */
      readonly part: string;
      /** The rule. */
      readonly by: string;
      readonly seed: number;
      /** Random runs until then, this one included. */
      readonly seeds: number;
      /** Processor time until then (ms). */
      readonly cpuMs: number;
      readonly message: string;
    }
  /** All was done, or the time was over, and nothing was found. */
  | { readonly kind: 'clean'; readonly part: string; readonly seeds: number; readonly cpuMs: number };

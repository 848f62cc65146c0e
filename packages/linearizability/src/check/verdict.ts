import type { History } from '../history/operation.js';

/** `unknown` when a budget ran out first. Definite verdicts are never wrong. */
export type VerdictKind = 'linearizable' | 'not-linearizable' | 'unknown';

/** Why a partition has no definite verdict: which budget ran out, the caller's signal, or another partition that was refuted first. */
export type UnknownReason = 'steps' | 'configurations' | 'time' | 'aborted' | 'refuted-elsewhere';

/** What is known of one partition. */
export interface PartitionVerdict<Input, Output> {
  /** The operations' `key` and the model's partition; absent when the history was not split. */
  readonly key?: string;
  readonly verdict: VerdictKind;
  readonly reason?: UnknownReason;
  /** The partition's operations, as in the history. */
  readonly operations: History<Input, Output>;
  /**
   * The longest linearizable prefix found, as positions in `operations`: an order that the model accepts and that keeps to real time. Of a
   * linearizable partition it holds all operations but for indeterminate ones that nobody need have seen.
   */
  readonly order: readonly number[];
  /** Position of the first operation that cannot follow: at its return no order is left. Of partitions that are not linearizable. */
  readonly culprit?: number;
  /** How it was decided: by search, or, where each value is written once, by putting what was read in order. */
  readonly method: 'search' | 'unique-writes';
  /** Steps of the model that were tried. */
  readonly steps: number;
  /** Configurations that were remembered. */
  readonly configurations: number;
}

/** What is known of a history: not linearizable if one partition is not, linearizable if all are. */
export interface Verdict<Input, Output> {
  readonly verdict: VerdictKind;
  /** In order of first operation. */
  readonly partitions: readonly PartitionVerdict<Input, Output>[];
  readonly steps: number;
  readonly configurations: number;
}

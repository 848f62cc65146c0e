import type { FlotillaError } from '@flotilla/errors';

/** One committed command, as a state machine sees it. Conf changes and empty entries are never among them. */
export interface Command {
  readonly index: number;
  readonly term: number;
  readonly data: Uint8Array;
}

/** A state pinned at one applied index: later commands do not change what it reads. */
export interface PinnedSnapshot {
  /** Streams the pinned state; the caller may stop early. */
  read(): AsyncIterable<Uint8Array>;
  /** Gives up the pin; must be called exactly once, also after an error. */
  release(): void;
}

/**
 * What a group replicates. One instance a group and node; all calls come from one thread, never one inside another.
 *
 * Invariant: after the same commands in the same order every instance is in the same state and returned the same results;
 * so no clock, no randomness, no iteration over anything without an order.
 */
export interface StateMachine {
  /**
   * Applies commands in log order, synchronously, and returns one result for each. A throw stops the group: its applied index
   * does not move, and after a restart delivery begins just after the snapshot that was restored.
   */
  apply(commands: readonly Command[]): readonly Uint8Array[];
  /**
   * Why a command must not enter the log, such as that it does not decode; undefined: it may. Optional; asked on the leader before a
   * command is proposed, of any command, and independent of the state: what depends on the state is decided by `apply`.
   */
  refusal?(command: Uint8Array): FlotillaError | undefined;
  /** Pins the state as of the last applied command; streaming happens later. */
  snapshot(): PinnedSnapshot;
  /** Builds the state of a snapshot aside and swaps it in when the stream has ended; a throw leaves the old state. */
  restore(chunks: AsyncIterable<Uint8Array>): Promise<void>;
}

import type { FlotillaError } from '@flotilla/errors';

/**
 * Where outcomes of proposals go: numbers and one result, no promise and no closure for each of them. The caller gives
 * each proposal a slot of its own choosing; a slot is completed exactly once.
 *
 * Calls come from inside a turn of the loop: they must not throw and must not call back into the group.
 */
export interface ProposalSink {
  /** The command was applied on this node; `result` is what its state machine returned. */
  applied(slot: number, group: number, index: number, term: number, result: Uint8Array): void;
  /** `error.outcome` says whether the command can still be applied. */
  failed(slot: number, error: FlotillaError): void;
}

/** Where outcomes of reads go. The same rules as for proposals. */
export interface ReadSink {
  /** The state machine of this node now shows all that was acknowledged before the read began. `index`: the read index. */
  ready(slot: number, group: number, index: number): void;
  failed(slot: number, error: FlotillaError): void;
}

/** A command that was applied. */
export interface Proposed {
  readonly group: number;
  readonly index: number;
  readonly term: number;
  /** What the state machine of this node returned. */
  readonly result: Uint8Array;
}

import type { CommandAnswer } from '../protocol/operation.js';

/** Where the answer to a request goes: a connection, or what is left of it. None of these throws. */
export interface Requester {
  /** The connection is gone: nothing need be done for it any more. */
  readonly closed: boolean;
  /** A result with its leading byte, as a session's state machine gives it. */
  answer(id: number, body: Uint8Array): void;
  /** The answer of a read. */
  readAnswer(id: number, answer: CommandAnswer): void;
  /** The request was refused, or its outcome is not known. */
  fail(id: number, error: unknown): void;
}

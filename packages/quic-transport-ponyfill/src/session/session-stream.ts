import type { QuicError } from '../errors.js';

/** The sending half of a stream of a session. Failures are `QuicError`s. */
export interface SendingHalf {
  /** Resolves when more can be taken; what is written is sent in order. The bytes may be changed once it resolves. */
  write(bytes: Uint8Array): Promise<void>;
  /** Resolves once the end is handed to the stack. */
  end(): Promise<void>;
  /** Drops what was not sent and tells the peer the code. */
  abort(code: number): void;
  /** Resolves with the error as soon as writing has become impossible; never if it ends well. */
  readonly failed: Promise<QuicError>;
}

/** The receiving half of a stream of a session. Failures are `QuicError`s. */
export interface ReceivingHalf {
  /** The next bytes, or undefined at the end. One call at a time. */
  read(): Promise<Uint8Array | undefined>;
  /** Wants no more, and tells the peer the code. */
  cancel(code: number): void;
  /** As in `SendingHalf`. */
  readonly failed: Promise<QuicError>;
}

/** A stream on which both sides send. */
export interface SessionStream {
  readonly sending: SendingHalf;
  readonly receiving: ReceivingHalf;
}

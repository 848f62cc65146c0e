import type { NativeSession } from '../native/native-session.js';
import type { CloseInfo } from '../session.js';
import type { Ending } from './ending.js';
import type { ReceivingHalf, SendingHalf, SessionStream } from './session-stream.js';

/** What a session does beneath its W3C face, with frames or without. */
export interface SessionCore {
  readonly native: NativeSession;
  /**
   * Says and hears hello. @returns the peer's certificate (DER), proven, if it has one
   * @throws QuicError, and the signal's reason; the connection is closed then
   */
  start(signal: AbortSignal): Promise<Uint8Array | undefined>;
  /** Waits while the peer allows no more. @throws the session's error, the signal's reason */
  openBidirectional(signal: AbortSignal | undefined): Promise<SessionStream>;
  openUnidirectional(signal: AbortSignal | undefined): Promise<SendingHalf>;
  /** The peer's next stream, or undefined once the session has ended. One call at a time. */
  acceptBidirectional(): Promise<SessionStream | undefined>;
  acceptUnidirectional(): Promise<ReceivingHalf | undefined>;
  /** The next datagram, or undefined once the session has ended. One call at a time. */
  receiveDatagram(): Promise<Uint8Array | undefined>;
  /** Asks the peer to open nothing more. */
  drain(): void;
  /** Resolves when the peer asks for that. */
  readonly draining: Promise<void>;
  /** Closes the session: at once here, and the peer is told. */
  close(info: CloseInfo): void;
  /** Resolves when the session has ended, however. */
  readonly ended: Promise<Ending>;
  /** Resolves when its connection has ended, too. */
  readonly gone: Promise<void>;
}

/** Every way in which this package fails. */
export type QuicErrorCode =
  /** An option or argument makes no sense; nothing was done. */
  | 'InvalidArgument'
  /** This platform cannot do it (listen in a browser, client certificates of Deno's own QUIC, …). */
  | 'Unsupported'
  /** `@currentspace/http3` is not installed, or has no binary for this platform; the message says how to get it. */
  | 'NativeLibraryMissing'
  /** The port cannot be bound. */
  | 'ListenFailed'
  /** Nobody answered in time: no listener there, packets lost, or (on some stacks) no protocol in common. */
  | 'ConnectTimeout'
  /** The connection could not be made, for a reason that has no code of its own. */
  | 'ConnectFailed'
  /** The peer speaks none of the protocols offered. */
  | 'AlpnMismatch'
  /** The peer's certificate is of no trusted issuer, or not yet or no longer valid and the stack does not say which. */
  | 'CertificateUntrusted'
  /** The peer's certificate carries other names. */
  | 'CertificateNameMismatch'
  /** The peer's certificate is no longer, or not yet, valid. */
  | 'CertificateExpired'
  /** The peer wants a client certificate and got none. */
  | 'ClientCertificateRequired'
  /** The peer does not trust this side's certificate. */
  | 'ClientCertificateRefused'
  /** The hello does not prove what the peer claims: its signature, its certificate or whose connection it is. */
  | 'PeerUnproven'
  /** The peer broke the protocol: garbage, a frame too long, more than its limits allow, another version. */
  | 'ProtocolViolation'
  /** The hello did not come in time. */
  | 'HelloTimeout'
  /** Nothing came from the peer for the idle time. */
  | 'IdleTimeout'
  /** The connection failed under the session. */
  | 'ConnectionLost'
  /** The session was closed, by either side, so this can no longer be done. */
  | 'SessionClosed'
  /** The peer aborted its writable side; `streamErrorCode` is its code. */
  | 'StreamReset'
  /** The peer cancelled its readable side; `streamErrorCode` is its code. */
  | 'StreamStopped';

/** Options of `QuicError`. */
export interface QuicErrorOptions {
  readonly cause?: unknown;
  /** Defaults to `session`. */
  readonly source?: 'stream' | 'session';
  /** The application's code, an unsigned 32-bit integer; for `StreamReset` and `StreamStopped`. */
  readonly streamErrorCode?: number;
}

/** An error of this package. Has what the W3C's WebTransportError has, and a code that says what happened. */
export class QuicError extends Error {
  readonly code: QuicErrorCode;
  /** Whether one stream failed or the whole session (W3C WebTransport, WebTransportError). */
  readonly source: 'stream' | 'session';
  /** The application's code with which the peer aborted or cancelled a stream, else null. */
  readonly streamErrorCode: number | null;

  constructor(code: QuicErrorCode, message: string, options: QuicErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'WebTransportError';
    this.code = code;
    this.source = options.source ?? 'session';
    this.streamErrorCode = options.streamErrorCode ?? null;
  }
}

/** @returns whether a value is a `QuicError`, with one of these codes if any are given. */
export function isQuicError(value: unknown, ...codes: readonly QuicErrorCode[]): value is QuicError {
  return value instanceof QuicError && (codes.length === 0 || codes.includes(value.code));
}

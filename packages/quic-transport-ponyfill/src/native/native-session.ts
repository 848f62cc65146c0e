import type { PeerAddress } from '../session.js';

/** Whether bytes flow both ways on a stream, or only from or only to this side. */
export type NativeDirection = 'bidirectional' | 'outgoing' | 'incoming';

/**
 * One QUIC stream (RFC 9000 section 2), without callbacks: whoever wants bytes asks for them, one call at a time.
 * All failures are `QuicError`s: `StreamReset` (peer reset its side; `streamErrorCode` says how), `StreamStopped` (peer asked
 * this side to stop), `SessionClosed` (the session ended first).
 *
 * What the stacks cannot do is not promised here: on Deno `reset` arrives as a clean end and `stop` as code 0, so that a
 * protocol above must frame its data. A FIN is only sure to arrive when bytes go with it.
 */
export interface NativeStream {
  /** The stream's QUIC id: below 2^53; its two lowest bits say who opened it and its direction (RFC 9000 section 2.1). */
  readonly id: number;
  readonly direction: NativeDirection;
  /**
   * Sends bytes, and with `fin` ends this side. Resolves when the stack takes more: that is the back-pressure.
   * One call at a time; the bytes must stay unchanged until it resolves. Pass `fin` with bytes: a bare FIN can be lost.
   */
  write(bytes: Uint8Array, fin: boolean): Promise<void>;
  /** Resolves with the next bytes (at least one, which the caller owns), or undefined after the peer's FIN. One call at a time. */
  read(): Promise<Uint8Array | undefined>;
  /** Abandons this side's bytes: RESET_STREAM with a code (an integer below 2^53) where the stack can. Never throws. */
  reset(code: number): void;
  /** Wants no more bytes: STOP_SENDING with a code where the stack can; reads end with `undefined` from then on. Never throws. */
  stop(code: number): void;
}

/** How a native session ended. */
export interface NativeClose {
  /**
   * `local`: by `close` of this side. `peer`: the peer's CONNECTION_CLOSE with a code of the application.
   * `timeout`: nothing came for the idle time. `error`: the transport or TLS failed; `error` says what.
   */
  readonly by: 'local' | 'peer' | 'timeout' | 'error';
  /** The application's code (for `local` and `peer`), else the transport's as far as known. */
  readonly code: number;
  readonly reason: string;
  /** Given with `timeout` and `error`. */
  readonly error?: Error;
}

/** One QUIC connection, whose TLS handshake is done. Holds strong references to its streams until both sides ended. */
export interface NativeSession {
  /** Of the protocols offered, the one both speak; the only one offered where the stack does not tell. */
  readonly alpn: string;
  readonly remoteAddress: PeerAddress;
  /** The peer's certificate chain (DER, leaf first) as TLS has verified it; empty where the stack does not show it. */
  readonly peerCertificates: readonly Uint8Array[];
  /** The longest datagram that can be sent now, in bytes; 0 when datagrams are off. */
  readonly maxDatagramSize: number;
  /** Opens a stream; waits while the peer allows no more of them. */
  openBidirectional(): Promise<NativeStream>;
  /** As `openBidirectional`; the stream is `outgoing`. */
  openUnidirectional(): Promise<NativeStream>;
  /** Resolves with the peer's next stream, or undefined once the session has ended. One call at a time. */
  acceptBidirectional(): Promise<NativeStream | undefined>;
  /** As `acceptBidirectional`; the stream is `incoming`. */
  acceptUnidirectional(): Promise<NativeStream | undefined>;
  /** Hands a datagram to the stack. @returns false if it was dropped at once (too long, no room, closed). */
  sendDatagram(bytes: Uint8Array): boolean;
  /** Resolves with the next datagram, or undefined once the session has ended. The oldest are dropped if nobody asks. */
  receiveDatagram(): Promise<Uint8Array | undefined>;
  /** Sends a PING frame (RFC 9000 section 19.2) where the stack can; answers keep the connection from idling out. */
  ping(): void;
  /** The peer has been heard, and may send as much as a session may; until then a stack that bounds what waits unread may bound it more. */
  admit?(): void;
  /** Ends the session with CONNECTION_CLOSE: code below 2^53, reason short (a packet must hold it). Never throws; again is nothing. */
  close(code: number, reason: string): void;
  /** Resolves once the session has ended, however. Never rejects. */
  readonly closed: Promise<NativeClose>;
  /** Resolves when the peer asks to open nothing more; only where the protocol has a word for it. */
  readonly draining?: Promise<void>;
  /** Says that word. */
  drain?(): void;
}

/** A bound UDP port that takes connections. */
export interface NativeListener {
  readonly address: PeerAddress;
  /** Resolves with the next session whose TLS handshake is done, or undefined once the listener is closed. One call at a time. */
  accept(): Promise<NativeSession | undefined>;
  /** Closes the port and every session of it. Resolves when the port is free. */
  close(): Promise<void>;
}

/** What both sides set. */
export interface NativeOptions {
  /** Protocols offered (RFC 7301), the first preferred. */
  readonly alpn: readonly string[];
  /** This side's chain, PEM, leaf first. */
  readonly cert?: string;
  /** Its private key, PEM (PKCS#8). */
  readonly key?: string;
  /** Trusted issuers of the peer's certificate, PEM, any number of blocks. */
  readonly ca?: string;
  /** With no packet from the peer for so long the session ends, ms. */
  readonly idleTimeoutMs: number;
  /** Streams that the peer may have open at once, of each direction. */
  readonly maxStreams: { readonly bidirectional: number; readonly unidirectional: number };
}

/** Of a client. */
export interface NativeConnectOptions extends NativeOptions {
  /** A host name or an IP address (v6 without brackets). */
  readonly hostname: string;
  readonly port: number;
  /** The name that the server's certificate must carry. */
  readonly serverName: string;
  /** SHA-256 of acceptable leaf certificates, instead of `ca`; not every stack can. */
  readonly serverCertificateHashes?: readonly Uint8Array[];
  /** Ends the attempt, with its reason. The deadline is the caller's, by this signal. */
  readonly signal: AbortSignal;
}

/** Of a listener. `cert` and `key` are given. */
export interface NativeListenOptions extends NativeOptions {
  readonly cert: string;
  readonly key: string;
  readonly hostname: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** `require`: TLS refuses clients without a certificate of `ca`. Not every stack can. */
  readonly clientAuth: 'none' | 'require';
  /** Connections at once, those in the handshake included. */
  readonly maxSessions: number;
}

/** One QUIC implementation. */
export interface NativeBackend {
  /** For messages. */
  readonly name: string;
  /**
   * @returns a session whose TLS handshake is done on this side (the server may yet refuse this side's certificate)
   * @throws QuicError `ConnectFailed`, `ConnectTimeout` never (the caller's), `CertificateUntrusted`, …, or the signal's reason
   */
  connect(options: NativeConnectOptions): Promise<NativeSession>;
  /** @throws QuicError `ListenFailed`, `Unsupported` (client certificates asked of a stack that cannot), `InvalidArgument` */
  listen(options: NativeListenOptions): Promise<NativeListener>;
}

/** An address of UDP. */
export interface PeerAddress {
  /** An IP address, v6 without brackets. */
  readonly hostname: string;
  readonly port: number;
}

/** How a session was or is to be closed (W3C WebTransport, WebTransportCloseInfo). */
export interface CloseInfo {
  /** An unsigned 32-bit integer; 0 unless given. */
  readonly closeCode: number;
  /** At most 1,024 bytes of UTF-8. */
  readonly reason: string;
}

/** The peer's certificate, as far as its names and key go. */
export interface PeerCertificate {
  /** The leaf, DER. */
  readonly der: Uint8Array;
  /** SHA-256 of its SubjectPublicKeyInfo (DER): what pins hold (RFC 7469 section 2.4), 32 bytes. */
  readonly spkiSha256: Uint8Array;
  /** The common name of its subject, if it has one. */
  readonly commonName: string | undefined;
  /** DNS names of its subjectAltName, in order. */
  readonly dnsNames: readonly string[];
  /** IP addresses of its subjectAltName, in order. */
  readonly ipAddresses: readonly string[];
  /** Its validity, ms since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** A stream on which both sides write (W3C WebTransport, WebTransportBidirectionalStream). */
export interface BidirectionalStream {
  /**
   * The peer's bytes, in chunks of any size. Errors with `QuicError` `StreamReset` if the peer aborts, and with the session's
   * error if that ends first. `cancel(reason)` stops the peer; a `QuicError` or a WebTransportError as the reason carries its `streamErrorCode`.
   */
  readonly readable: ReadableStream<Uint8Array>;
  /**
   * To the peer. A write resolves when the stack takes more. `close()` ends this side; `abort(reason)` drops what was not
   * sent, the reason as in `cancel`. Errors with `QuicError` `StreamStopped` if the peer cancels.
   */
  readonly writable: WritableStream<Uint8Array>;
}

/** Unreliable, unordered messages (W3C WebTransport, WebTransportDatagramDuplexStream). */
export interface Datagrams {
  readonly readable: ReadableStream<Uint8Array>;
  /** One writable for as long as the session lasts. A datagram longer than `maxDatagramSize` is dropped, as the specification has it. */
  readonly writable: WritableStream<Uint8Array>;
  /** @returns a writable of its own to the same datagrams. */
  createWritable(): WritableStream<Uint8Array>;
  /** Bytes; may change while the session lives. 0 when the path or the peer takes none. */
  readonly maxDatagramSize: number;
  /** Datagrams that wait to be read before the oldest are dropped. */
  incomingHighWaterMark: number;
  /** Datagrams that wait to be sent before writes wait. */
  outgoingHighWaterMark: number;
}

/** What a client asked for when it connected by HTTP/3. */
export interface SessionRequest {
  /** The path and query, for example `/raft?x=1`. */
  readonly path: string;
  readonly authority: string;
  /** The page's origin as the browser says, if it does. */
  readonly origin: string | undefined;
}

/** Of opening a stream. */
export interface CreateStreamOptions {
  /** Ends the waiting for room among the streams that the peer allows. */
  readonly signal?: AbortSignal;
}

/**
 * A session: W3C WebTransport's interface, on the client and on the server alike. Symbol.asyncDispose closes it and resolves
 * once its end was carried to the peer, or could not be.
 */
export interface QuicSession extends AsyncDisposable {
  /** Resolves once both sides have said hello and proven themselves; rejects with a `QuicError` (or a signal's reason). */
  readonly ready: Promise<void>;
  /** Resolves when either side closed, with the closing side's code and reason; rejects with a `QuicError` if the session failed. */
  readonly closed: Promise<CloseInfo>;
  /** Resolves when the peer asks to open nothing more (`drain` of its listener), so as to end in peace. */
  readonly draining: Promise<void>;
  readonly datagrams: Datagrams;
  readonly incomingBidirectionalStreams: ReadableStream<BidirectionalStream>;
  readonly incomingUnidirectionalStreams: ReadableStream<ReadableStream<Uint8Array>>;
  /** Waits for `ready`, and while the peer allows no more streams. @throws QuicError `SessionClosed`, the session's error, the signal's reason */
  createBidirectionalStream(options?: CreateStreamOptions): Promise<BidirectionalStream>;
  /** As `createBidirectionalStream`. */
  createUnidirectionalStream(options?: CreateStreamOptions): Promise<WritableStream<Uint8Array>>;
  /** Ends the session, its streams and datagrams, and tells the peer. Again is nothing. @throws QuicError `InvalidArgument` */
  close(info?: Partial<CloseInfo>): void;
  /** `quic`: raw QUIC with an ALPN of our own. `webtransport`: WebTransport over HTTP/3 (ALPN h3). */
  readonly mode: 'quic' | 'webtransport';
  /** The ALPN. */
  readonly protocol: string;
  /** Undefined in a browser, and before `ready`. */
  readonly remoteAddress: PeerAddress | undefined;
  /** The peer's, proven by TLS or the hello; undefined if it has none or nobody can see it (browsers), and before `ready`. */
  readonly peerCertificate: PeerCertificate | undefined;
  /** What the client asked for; only on the server and in `webtransport` mode. */
  readonly request: SessionRequest | undefined;
}

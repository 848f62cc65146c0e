import type { PeerAddress, SessionRequest } from './session.js';

/** Certificates and keys of either side; all PEM. */
export interface TlsOptions {
  /** Trusted issuers, any number of blocks. A client without it trusts those of the platform where the stack can. */
  readonly ca?: string;
  /** This side's chain, leaf first. A listener must have one. */
  readonly cert?: string;
  /** Its private key, PKCS#8. */
  readonly key?: string;
}

/** Of a client. */
export interface ConnectTlsOptions extends TlsOptions {
  /** The DNS name that the server's certificate must carry; the host of the URL if not given. Give one if the host is an IP address. */
  readonly serverName?: string;
  /**
   * `bound` (the default when `cert` is given): the server must prove that it saw this side's certificate in TLS, so that nobody
   * of the same CA can stand between. `unbound`: a server that asks for no client certificate will do (Deno's own QUIC).
   */
  readonly proof?: 'bound' | 'unbound';
}

/** Of a listener. */
export interface ListenTlsOptions extends TlsOptions {
  readonly cert: string;
  readonly key: string;
  /** `require` (the default when `ca` is given): only clients with a certificate of `ca`. `none`: anybody. */
  readonly clientAuth?: 'none' | 'require';
}

/** Bounds of a session; what is not given has the default. */
export interface SessionLimits {
  /** From the first packet to `ready`, ms; default 3,000. */
  readonly connectTimeoutMs?: number;
  /** With nothing from the peer for so long the session has failed, ms; default 10,000. */
  readonly idleTimeoutMs?: number;
  /** A ping goes out this often, ms; default a third of `idleTimeoutMs`. */
  readonly keepAliveMs?: number;
  /** Streams of each direction that the peer may have open at once; default 256. */
  readonly maxIncomingBidirectionalStreams?: number;
  readonly maxIncomingUnidirectionalStreams?: number;
  /** Bytes of one stream that may wait for its reader, once it is being read; default 1 MiB. */
  readonly streamWindowBytes?: number;
  /**
   * Bytes of all streams of the peer that may wait for their readers, at least 4 KiB for each that it may open; default 32 MiB, or that.
   * A quarter of it is for streams that nobody has read from yet: an equal part for each, and no more than 16 KiB.
   */
  readonly sessionWindowBytes?: number;
  /** Datagrams that wait for their reader before the oldest are dropped; default 256. */
  readonly incomingDatagrams?: number;
}

/** Which QUIC to use. `auto`: the runtime's own where it can do what is asked, else the native library. */
export type BackendChoice = 'auto' | 'deno' | 'library';

/** Of `connect`. */
export interface ConnectOptions extends SessionLimits {
  /** The application's protocol, of raw QUIC only; default `quic-transport/1`. */
  readonly alpn?: string;
  readonly tls?: ConnectTlsOptions;
  /** SHA-256 of acceptable leaf certificates instead of a CA, as browsers have it (W3C WebTransport). */
  readonly serverCertificateHashes?: readonly { readonly algorithm: 'sha-256'; readonly value: Uint8Array }[];
  readonly backend?: BackendChoice;
  /**
   * Of https URLs only. `ponyfill` (default): the listener is of this package, and streams have its frames, credit and closes.
   * `none`: it speaks WebTransport and nothing more, so that ends and back-pressure are those of the stacks.
   */
  readonly framing?: 'ponyfill' | 'none';
  /** Before `ready` it ends the attempt; afterwards it closes the session. */
  readonly signal?: AbortSignal;
}

/** A peer whose TLS handshake was done and whose session was never ready. */
export interface Refusal {
  readonly remoteAddress: PeerAddress;
  /** A `QuicError`: `HelloTimeout`, `ProtocolViolation`, `PeerUnproven`, how its connection ended. */
  readonly error: unknown;
}

/** Of `listen`. */
export interface ListenOptions extends SessionLimits {
  /** `quic` (default): raw QUIC with `alpn`. `webtransport`: HTTP/3, for browsers, with ALPN h3. One port speaks one of them. */
  readonly mode?: 'quic' | 'webtransport';
  /** Default `0.0.0.0`. */
  readonly hostname?: string;
  /** Default 0, a free one. */
  readonly port?: number;
  /** As in `ConnectOptions`. */
  readonly alpn?: string;
  readonly tls: ListenTlsOptions;
  readonly backend?: BackendChoice;
  /** Pages that may connect by `webtransport`, as `https://example.com`, or `*`. Default none: only requests without Origin (programs). */
  readonly allowedOrigins?: readonly string[];
  /** Paths that exist by `webtransport`, as `/raft`; others get 404. Default all. */
  readonly paths?: readonly string[];
  /** Asked last by `webtransport`: false is 403, a number that HTTP status (400 to 599). */
  readonly accept?: (request: SessionRequest) => boolean | number | Promise<boolean | number>;
  /** Told of each peer whose session was never ready; must not throw. */
  readonly onRefused?: (refusal: Refusal) => void;
  /**
   * Sessions at once, those before `ready` included; default 1,024. Connections that are no session yet may be a quarter of it (of few, 16);
   * where more come, the oldest goes.
   */
  readonly maxSessions?: number;
  /** Closes the listener. */
  readonly signal?: AbortSignal;
}

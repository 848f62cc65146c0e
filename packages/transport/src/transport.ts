/** Who the other side is by its TLS certificate, where there is one. */
export interface TlsIdentity {
  /** SHA-256 of the SubjectPublicKeyInfo, 32 bytes. */
  readonly spkiSha256: Uint8Array;
  /** Subject common name and DNS alternative names, as the certificate has them. */
  readonly names: readonly string[];
}

/** What is known of the other side before its hello is believed. */
export interface RemoteIdentity {
  /** Canonical URL that was dialled, or the remote address of an accepted connection. */
  readonly address: string;
  readonly tls: TlsIdentity | undefined;
  /**
   * The platform checked the other side's certificate for the host that was dialled, and does not show it: so it is in pages. Then `tls` is
   * undefined, and keys on record cannot be held against it.
   */
  readonly tlsUnseen?: true;
  /** The connection cannot leave this machine. */
  readonly loopback: boolean;
}

/**
 * The exchange that opens a connection: one opaque hello each way. The bytes are wire's, the judgement is cluster's.
 * `verify` throws to refuse; the refusal's error is carried to the other side as opaque bytes of `refusal(error)`.
 */
export interface Handshake {
  /** This side's hello, at most 4 KiB. Called once for each connection, so that it can carry what changes. */
  hello(): Uint8Array;
  /** Throws to refuse the other side. Must not block. */
  verify(hello: Uint8Array, remote: RemoteIdentity): void;
  /** The bytes that tell the other side why it was refused, at most 4 KiB. */
  refusal(error: unknown): Uint8Array;
  /** Turns the other side's refusal bytes into the error that `dial` rejects with. */
  refused(bytes: Uint8Array, remote: RemoteIdentity): Error;
}

/** Why a connection ended. `local` and `remote`: closed in good order; `broken`: anything else. */
export interface CloseReason {
  readonly by: 'local' | 'remote' | 'broken';
  readonly error: Error | undefined;
}

/** A byte stream of one direction, beside frames and requests (snapshots). Pieces are cut by the sender as it likes. */
export interface OutgoingStream {
  /**
   * Resolves when all of the chunk was handed on: this is the back-pressure, and the buffer may be used again. Rejects
   * once the stream or its connection is gone, and with Overloaded where 16 MiB (`queuedBytesMax`) were written without
   * waiting.
   */
  write(chunk: Uint8Array): Promise<void>;
  /** Ends in good order and resolves with the receiver's answer bytes. */
  finish(): Promise<Uint8Array>;
  /** Gives up; the receiver's iteration throws Aborted. Does nothing once the stream is over. */
  abort(error: Error): void;
}

/** The receiving end of a byte stream. Iterating ends when the sender finished, and throws when it aborted or the connection broke. */
export interface IncomingStream extends AsyncIterable<Uint8Array> {
  /** The header given to `openStream`, at most 64 KiB. */
  readonly header: Uint8Array;
  /**
   * Answers the sender's `finish()`. At most once, at most 64 KiB. Before the end of the stream it says that the rest is
   * not wanted: what the sender still writes is dropped.
   *
   * @throws InvalidArgument for a second answer, LimitExceeded
   */
  answer(bytes: Uint8Array): void;
  /** Refuses: the sender's writes and `finish` reject with Aborted. */
  abort(error: Error): void;
}

/** What a connection calls back. Set once, before anything is delivered; all callbacks come in order of arrival, never inside a call of ours. */
export interface ConnectionEvents {
  /** Frames of one turn, in order. The bytes may be kept; they are not reused. */
  frames(frames: readonly Uint8Array[]): void;
  /**
   * A request; what it resolves with is the reply. A rejection closes nothing: the requester gets `Internal`. The signal
   * aborts when the requester gave up or the connection ended.
   */
  request(body: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  /** A stream that the other side opened. */
  stream(stream: IncomingStream): void;
  /** Room again after `sendFrame` refused. */
  drained(): void;
  closed(reason: CloseReason): void;
}

/**
 * A two-way connection with three lanes: ordered frames, requests with one reply, byte streams. No lane delays another.
 */
export interface Connection {
  readonly remote: RemoteIdentity;
  /** The other side's hello, verified. */
  readonly remoteHello: Uint8Array;
  /** Whether this side dialled. */
  readonly dialled: boolean;
  /** Must be called, once, in the turn in which the connection was handed up; else the connection is destroyed. */
  attach(events: ConnectionEvents): void;
  /**
   * Queues a frame. Frames arrive in order, or not at all once the connection broke. Returns false, and drops the
   * frame, when the queue is full (by frames or bytes) or the connection is closed. The bytes must not be changed later.
   *
   * @throws LimitExceeded for a frame above `frameBytesMax`, which no waiting would help
   */
  sendFrame(frame: Uint8Array): boolean;
  /** Frames and bytes queued and not yet handed to the system. */
  readonly queued: { readonly frames: number; readonly bytes: number };
  /**
   * Sends a request. Rejects with ConnectionClosed, Aborted, Overloaded, LimitExceeded, or Internal where the handler
   * rejected. The error's outcome is `definite` where the request was never handed on or was refused unseen.
   */
  request(body: Uint8Array, options?: { readonly signal?: AbortSignal }): Promise<Uint8Array>;
  /**
   * Opens a byte stream to the other side; the header has at most 64 KiB. Waits while 64 streams of this side are open. The
   * signal ends the wait, not the stream. Rejects with ConnectionClosed, Aborted or LimitExceeded.
   */
  openStream(header: Uint8Array, options?: { readonly signal?: AbortSignal }): Promise<OutgoingStream>;
  /** Closes in good order: what was queued is still sent, within a second. */
  close(): Promise<void>;
  /** Breaks at once: queued bytes are dropped, and the other side sees a broken connection. */
  destroy(error: Error): void;
}

/** Bounds of every connection. */
export interface TransportLimits {
  /** A frame, request or reply above it is refused (default 8 MiB). The other side's limit holds as well. */
  readonly frameBytesMax: number;
  /** Queued frames of one connection (default 4,096). */
  readonly queuedFramesMax: number;
  /** Queued frame bytes of one connection (default 16 MiB). */
  readonly queuedBytesMax: number;
  /** Requests without a reply, of one connection and direction (default 4,096). */
  readonly requestsInFlightMax: number;
  /** Until both hellos are verified (default 5,000 ms). */
  readonly handshakeTimeoutMs: number;
  /** Connections of one listener (default 4,096). */
  readonly connectionsMax: number;
}

/** A socket that accepts. */
export interface Listener extends AsyncDisposable {
  /** Canonical URL; a port of 0 is resolved. */
  readonly address: string;
  /** Stops accepting and closes what it accepted. */
  close(): Promise<void>;
}

/** A carrier of connections for some URL schemes. */
export interface Transport extends AsyncDisposable {
  /** Schemes with their colon: `ws:`, `wss:`, `mem:`. */
  readonly schemes: readonly string[];
  /** @throws AddressInUse, InvalidConfig (such as plain off loopback), InvalidArgument (the address), Shutdown */
  listen(
    address: string,
    options: { readonly handshake: Handshake; accept(connection: Connection): void },
  ): Promise<Listener>;
  /**
   * Dials once; reconnecting is the caller's.
   *
   * @throws Unreachable, Timeout, Aborted; Unauthorized (a certificate was refused); Overloaded (the listener is full);
   * IncompatibleVersion, MalformedFrame; Shutdown; InvalidConfig, InvalidArgument (the address); what `Handshake.verify`
   * throws here, or `Handshake.refused` makes of the other side's refusal
   */
  dial(address: string, options: { readonly handshake: Handshake; readonly signal?: AbortSignal }): Promise<Connection>;
  /** Closes all listeners and connections. */
  close(): Promise<void>;
}

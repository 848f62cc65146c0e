import { ByteReader, ByteWriter } from '@flotilla/bytes';
import { FlotillaError, isFlotillaError } from '@flotilla/errors';
import type { Timer } from '@flotilla/runtime';
import { NONCE_BYTES, type PeerProof, type ProofVerifier } from '../proof/peer-proof.js';
import type { CloseReason, Handshake, RemoteIdentity, TransportLimits } from '../transport.js';
import { MultiplexedConnection } from './connection.js';
import { abortError, asError, limitExceeded, malformedBy, malformedFrame } from './errors.js';
import type { MessageSocket } from './message-socket.js';
import type { MultiplexOptions } from './options.js';
import { FORMAT_VERSION_MAX, FORMAT_VERSION_MIN, HELLO_BYTES_MAX, MAGIC, Piece, PROOF_BYTES_MAX } from './pieces.js';

/** A kind, the magic number, two versions, two limits. */
const HELLO_HEADER_BYTES = 15;

/** The most that one side may send in a message before both hellos are verified; and in all, where no proofs are taken, in bytes. */
export const HANDSHAKE_BYTES_MAX: number = HELLO_BYTES_MAX + HELLO_HEADER_BYTES + 1;

interface RemoteHello {
  readonly hello: Uint8Array;
  readonly limits: Pick<TransportLimits, 'frameBytesMax' | 'requestsInFlightMax'>;
}

/** Verifies the hellos of both sides over a fresh socket. */
abstract class HelloExchange {
  protected readonly socket: MessageSocket;
  protected readonly handshake: Handshake;
  protected readonly options: MultiplexOptions;
  protected remote: RemoteIdentity;
  readonly #side: 'dialled' | 'accepted';
  protected over = false;

  constructor(side: 'dialled' | 'accepted', socket: MessageSocket, handshake: Handshake, options: MultiplexOptions) {
    this.socket = socket;
    this.handshake = handshake;
    this.options = options;
    this.remote = socket.remote;
    this.#side = side;
  }

  /** Begins to listen to the socket. */
  protected start(): void {
    this.socket.attach({
      message: (bytes) => this.#message(bytes),
      sent: () => {},
      closed: (reason) => this.#closed(reason),
    });
  }

  #message(bytes: Uint8Array): void {
    if (this.over) return;
    try {
      if (bytes.length > HANDSHAKE_BYTES_MAX) {
        throw limitExceeded('a message before both hellos are verified', HANDSHAKE_BYTES_MAX, bytes.length);
      }
      const reader = new ByteReader(bytes);
      const kind = reader.u8();
      if (kind === Piece.REFUSED) this.#refused(reader.raw(reader.remaining));
      else this.read(kind, reader);
    } catch (error) {
      this.options.metrics.malformed++;
      this.abandon(malformedBy(this.remote.address, error));
    }
  }

  protected abstract read(kind: number, reader: ByteReader): void;

  #refused(bytes: Uint8Array): void {
    let error: Error;
    try {
      error = this.handshake.refused(bytes, this.remote);
    } catch (thrown) {
      error = asError(thrown);
    }
    this.socket.end();
    this.#fail(error);
  }

  #closed(reason: CloseReason): void {
    if (this.over) return;
    const { address } = this.remote;
    // What the carrier's own end says is more than that there was one.
    const { error } = reason;
    if (isFlotillaError(error, 'Unauthorized') || isFlotillaError(error, 'Overloaded')) return this.#fail(error);
    this.#fail(
      new FlotillaError('Unreachable', {
        message: `${address} closed the connection before it was open${reason.error === undefined ? '' : `: ${reason.error.message}`}`,
        details: { address },
        cause: reason.error,
      }),
    );
  }

  protected sendHello(): void {
    const hello = this.handshake.hello();
    if (hello.length > HELLO_BYTES_MAX) throw limitExceeded('a hello', HELLO_BYTES_MAX, hello.length);
    const writer = new ByteWriter(HELLO_HEADER_BYTES + hello.length);
    writer.u8(Piece.HELLO);
    writer.u32(MAGIC);
    writer.u8(FORMAT_VERSION_MIN);
    writer.u8(FORMAT_VERSION_MAX);
    writer.u32(this.options.limits.frameBytesMax);
    writer.u32(Math.min(this.options.limits.requestsInFlightMax, 0xffff_ffff));
    writer.raw(hello);
    this.socket.send(writer.take());
  }

  /** Reads and verifies the other side's hello. Undefined, and it was told, if it was refused. */
  protected verifyHello(reader: ByteReader): RemoteHello | undefined {
    const magic = reader.u32();
    if (magic !== MAGIC) throw malformedFrame(this.remote.address, 'no hello of this format');
    const versionMin = reader.u8();
    const versionMax = reader.u8();
    const limits = { frameBytesMax: reader.u32(), requestsInFlightMax: reader.u32() };
    const hello = reader.raw(reader.remaining);
    try {
      if (versionMin > FORMAT_VERSION_MAX || versionMax < FORMAT_VERSION_MIN) {
        throw incompatibleFormat(this.remote.address, versionMin, versionMax);
      }
      this.handshake.verify(hello, this.remote);
    } catch (error) {
      this.refuse(asError(error));
      return undefined;
    }
    return { hello, limits };
  }

  protected refuse(error: Error): void {
    const writer = new ByteWriter(64);
    writer.u8(Piece.REFUSED);
    try {
      const refusal = this.handshake.refusal(error);
      if (refusal.length > HELLO_BYTES_MAX) throw limitExceeded('a refusal', HELLO_BYTES_MAX, refusal.length);
      writer.raw(refusal);
    } catch (thrown) {
      this.options.observe({ type: 'callback-failed', address: this.remote.address, error: asError(thrown) });
    }
    this.socket.send(writer.take());
    this.socket.end();
    this.#fail(error);
  }

  /** Gives the handshake up and breaks the socket. */
  abandon(error: Error): void {
    if (this.over) return;
    this.socket.destroy(error);
    this.#fail(error);
  }

  #fail(error: Error): void {
    this.end();
    this.options.metrics.handshakesFailed++;
    this.options.observe({ type: 'handshake-failed', side: this.#side, address: this.remote.address, error });
    this.failed(error);
  }

  protected abstract failed(error: Error): void;

  /** Both hellos are verified: the socket becomes a connection. */
  protected open(remote: RemoteHello, ended: () => void): MultiplexedConnection {
    this.end();
    return new MultiplexedConnection(this.socket, this.options, {
      dialled: this.#side === 'dialled',
      remote: this.remote,
      remoteHello: remote.hello,
      remoteLimits: remote.limits,
      ended,
    });
  }

  /** Nothing more is read or reported. */
  protected end(): void {
    this.over = true;
  }
}

class DialledHello extends HelloExchange {
  readonly #proof: PeerProof | undefined;
  /** Waits for the other side's hello or challenge, proves itself, waits for the hello alone. */
  #stage: 'greeted' | 'proving' | 'proven' = 'greeted';
  readonly #ended: () => void;
  readonly #resolve: (connection: MultiplexedConnection) => void;
  readonly #reject: (error: Error) => void;

  constructor(
    socket: MessageSocket,
    handshake: Handshake,
    options: MultiplexOptions,
    dial: { readonly proof?: PeerProof | undefined; ended(): void },
    resolve: (connection: MultiplexedConnection) => void,
    reject: (error: Error) => void,
  ) {
    super('dialled', socket, handshake, options);
    this.#proof = dial.proof;
    this.#ended = () => dial.ended();
    this.#resolve = resolve;
    this.#reject = reject;
    this.start();
    try {
      this.sendHello();
    } catch (error) {
      this.abandon(asError(error));
    }
  }

  protected override read(kind: number, reader: ByteReader): void {
    if (kind === Piece.CHALLENGE && this.#stage === 'greeted') return this.#challenged(reader);
    if (kind !== Piece.HELLO || this.#stage === 'proving')
      throw malformedFrame(this.remote.address, `a piece of kind ${kind} where its hello is due`);
    const remote = this.verifyHello(reader);
    if (remote === undefined) return;
    this.socket.send(Uint8Array.of(Piece.READY));
    this.#resolve(this.open(remote, this.#ended));
  }

  #challenged(reader: ByteReader): void {
    this.#stage = 'proving';
    const nonce = reader.raw(NONCE_BYTES);
    reader.end();
    if (this.#proof === undefined) this.abandon(nothingToProve(this.remote.address));
    else void this.#prove(this.#proof, nonce);
  }

  async #prove(proof: PeerProof, nonce: Uint8Array): Promise<void> {
    try {
      const bytes = await proof.prove(nonce, this.remote.address);
      if (bytes.length > PROOF_BYTES_MAX) throw limitExceeded('a proof', PROOF_BYTES_MAX, bytes.length);
      if (this.over) return;
      const writer = new ByteWriter(1 + bytes.length);
      writer.u8(Piece.PROOF);
      writer.raw(bytes);
      this.socket.send(writer.take());
      this.#stage = 'proven';
    } catch (error) {
      this.abandon(asError(error));
    }
  }

  protected override failed(error: Error): void {
    this.#ended();
    this.#reject(error);
  }
}

/**
 * The dialling side: sends its hello, verifies the answer, and says that it is ready.
 *
 * @param dial `proof` answers a challenge; `signal` fires when the dial is to be given up; `ended` is called once, when the handshake failed or its connection is no more.
 * @throws what `Handshake.refused` gives, what `verify` threw, Aborted, Unreachable, MalformedFrame, IncompatibleVersion
 */
export function dialHandshake(
  socket: MessageSocket,
  handshake: Handshake,
  options: MultiplexOptions,
  dial: { readonly signal: AbortSignal; readonly proof?: PeerProof | undefined; ended(): void },
): Promise<MultiplexedConnection> {
  const { signal } = dial;
  return new Promise<MultiplexedConnection>((resolve, reject) => {
    const exchange = new DialledHello(socket, handshake, options, dial, resolve, reject);
    const onAbort = (): void => exchange.abandon(abortError(`dialling ${socket.remote.address}`, signal));
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}

/** What the accepting side does with a connection, and how it gives an unfinished one up. */
export interface Accepting {
  readonly timeoutMs: number;
  /** Challenges the dialler, for nothing else says who it is; undefined: nobody is challenged. */
  readonly proofs?: ProofVerifier | undefined;
  accept(connection: MultiplexedConnection): void;
  /** Called once, when the handshake failed or its connection is no more. */
  ended(): void;
}

class AcceptedHello extends HelloExchange {
  readonly #accepting: Accepting;
  readonly #timer: Timer;
  /** What the dialler was challenged with, and its hello, which is judged once it has proved itself. */
  #challenge: { readonly nonce: Uint8Array; readonly hello: Uint8Array } | undefined;
  #remoteHello: RemoteHello | undefined;

  constructor(socket: MessageSocket, handshake: Handshake, options: MultiplexOptions, accepting: Accepting) {
    super('accepted', socket, handshake, options);
    this.#accepting = accepting;
    this.#timer = options.runtime.setTimer(accepting.timeoutMs, () => {
      this.abandon(handshakeTimeout(this.remote.address, options.limits.handshakeTimeoutMs));
    });
    this.start();
  }

  protected override end(): void {
    super.end();
    this.#timer.cancel();
  }

  protected override read(kind: number, reader: ByteReader): void {
    const { proofs } = this.#accepting;
    if (kind === Piece.HELLO && this.#remoteHello === undefined && this.#challenge === undefined) {
      if (proofs === undefined) this.#judge(reader);
      else this.#challengeFor(reader.raw(reader.remaining));
    } else if (
      kind === Piece.PROOF &&
      proofs !== undefined &&
      this.#challenge !== undefined &&
      this.#remoteHello === undefined
    ) {
      this.#prove(proofs, this.#challenge, reader.raw(reader.remaining));
    } else if (kind === Piece.READY && this.#remoteHello !== undefined) {
      reader.end();
      this.#accept(this.#remoteHello);
    } else {
      throw malformedFrame(this.remote.address, `a piece of kind ${kind} within the handshake`);
    }
  }

  #challengeFor(hello: Uint8Array): void {
    const nonce = this.options.runtime.randomBytes(NONCE_BYTES);
    this.#challenge = { nonce, hello };
    const writer = new ByteWriter(1 + NONCE_BYTES);
    writer.u8(Piece.CHALLENGE);
    writer.raw(nonce);
    this.socket.send(writer.take());
  }

  /** Whom the proof names is who the dialler is, as if TLS had said so. */
  #prove(
    proofs: ProofVerifier,
    { nonce, hello }: { readonly nonce: Uint8Array; readonly hello: Uint8Array },
    proof: Uint8Array,
  ): void {
    if (proof.length > PROOF_BYTES_MAX) throw limitExceeded('a proof', PROOF_BYTES_MAX, proof.length);
    try {
      this.remote = { ...this.remote, tls: proofs.verify(proof, nonce) };
    } catch (error) {
      return this.refuse(asError(error));
    }
    this.#judge(new ByteReader(hello));
  }

  #judge(reader: ByteReader): void {
    this.#remoteHello = this.verifyHello(reader);
    if (this.#remoteHello !== undefined) this.#answer();
  }

  #answer(): void {
    try {
      this.sendHello();
    } catch (error) {
      this.abandon(asError(error));
    }
  }

  #accept(remote: RemoteHello): void {
    const connection = this.open(remote, () => this.#accepting.ended());
    try {
      this.#accepting.accept(connection);
    } catch (error) {
      connection.report(asError(error));
      connection.destroy(asError(error));
    }
  }

  protected override failed(): void {
    this.#accepting.ended();
  }
}

/** A handshake that is under way on the accepting side. */
export interface PendingHandshake {
  /** Gives it up and breaks its socket; does nothing once it is over. */
  abandon(error: Error): void;
}

/** The accepting side: verifies the hello, answers with its own, and hands the connection up once the dialler is ready. */
export function acceptHandshake(
  socket: MessageSocket,
  handshake: Handshake,
  options: MultiplexOptions,
  accepting: Accepting,
): PendingHandshake {
  return new AcceptedHello(socket, handshake, options, accepting);
}

/** @returns the error for a dial or accept that took too long. */
export function handshakeTimeout(address: string, ms: number): FlotillaError<'Timeout'> {
  return new FlotillaError('Timeout', {
    message: `no connection with ${address} within ${ms} ms`,
    details: { operation: 'handshake', ms },
    outcome: 'definite',
  });
}

function nothingToProve(address: string): FlotillaError<'Unauthorized'> {
  const reason = 'it asks who this is, and there is no certificate to prove it with';
  return new FlotillaError('Unauthorized', { message: `${address}: ${reason}`, details: { reason } });
}

function incompatibleFormat(address: string, min: number, max: number): FlotillaError<'IncompatibleVersion'> {
  const ours = `transport format ${FORMAT_VERSION_MIN} to ${FORMAT_VERSION_MAX}`;
  const theirs = `transport format ${min} to ${max}`;
  return new FlotillaError('IncompatibleVersion', {
    message: `${address} speaks ${theirs}, this side ${ours}`,
    details: { ours, theirs },
  });
}

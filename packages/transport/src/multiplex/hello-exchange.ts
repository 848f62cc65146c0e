import { ByteReader, ByteWriter } from '@flotilla/bytes';
import { FlotillaError, isFlotillaError } from '@flotilla/errors';
import type { CloseReason, Handshake, RemoteIdentity, TransportLimits } from '../transport.js';
import { MultiplexedConnection } from './connection.js';
import { asError, limitExceeded, malformedBy, malformedFrame } from './errors.js';
import type { MessageSocket } from './message-socket.js';
import type { MultiplexOptions } from './options.js';
import { FORMAT_VERSION_MAX, FORMAT_VERSION_MIN, HELLO_BYTES_MAX, MAGIC, Piece } from './pieces.js';

/** A kind, the magic number, two versions, two limits. */
const HELLO_HEADER_BYTES = 15;

/** The most that one side may send in a message before both hellos are verified; and in all, where no proofs are taken, in bytes. */
export const HANDSHAKE_BYTES_MAX: number = HELLO_BYTES_MAX + HELLO_HEADER_BYTES + 1;

/** What the other side said of itself. */
export interface RemoteHello {
  readonly hello: Uint8Array;
  readonly limits: Pick<TransportLimits, 'frameBytesMax' | 'requestsInFlightMax'>;
}

/** Verifies the hellos of both sides over a fresh socket; what is special to a side is its subclass's. */
export abstract class HelloExchange {
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

/** @returns the error for a dial or accept that took too long. */
export function handshakeTimeout(address: string, ms: number): FlotillaError<'Timeout'> {
  return new FlotillaError('Timeout', {
    message: `no connection with ${address} within ${ms} ms`,
    details: { operation: 'handshake', ms },
    outcome: 'definite',
  });
}

function incompatibleFormat(address: string, min: number, max: number): FlotillaError<'IncompatibleVersion'> {
  const ours = `transport format ${FORMAT_VERSION_MIN} to ${FORMAT_VERSION_MAX}`;
  const theirs = `transport format ${min} to ${max}`;
  return new FlotillaError('IncompatibleVersion', {
    message: `${address} speaks ${theirs}, this side ${ours}`,
    details: { ours, theirs },
  });
}

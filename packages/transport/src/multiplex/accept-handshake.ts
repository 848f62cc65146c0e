import { ByteReader, ByteWriter } from '@flotilla/bytes';
import type { Timer } from '@flotilla/runtime';
import { NONCE_BYTES, type ProofVerifier } from '../proof/peer-proof.js';
import type { Handshake } from '../transport.js';
import type { MultiplexedConnection } from './connection.js';
import { asError, limitExceeded, malformedFrame } from './errors.js';
import { handshakeTimeout, HelloExchange, type RemoteHello } from './hello-exchange.js';
import type { MessageSocket } from './message-socket.js';
import type { MultiplexOptions } from './options.js';
import { Piece, PROOF_BYTES_MAX } from './pieces.js';

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

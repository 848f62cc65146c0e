import { type ByteReader, ByteWriter } from '@flotilla/bytes';
import { FlotillaError } from '@flotilla/errors';
import { NONCE_BYTES, type PeerProof } from '../proof/peer-proof.js';
import type { Handshake } from '../transport.js';
import type { MultiplexedConnection } from './connection.js';
import { abortError, asError, limitExceeded, malformedFrame } from './errors.js';
import { HelloExchange } from './hello-exchange.js';
import type { MessageSocket } from './message-socket.js';
import type { MultiplexOptions } from './options.js';
import { Piece, PROOF_BYTES_MAX } from './pieces.js';

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

function nothingToProve(address: string): FlotillaError<'Unauthorized'> {
  const reason = 'it asks who this is, and there is no certificate to prove it with';
  return new FlotillaError('Unauthorized', { message: `${address}: ${reason}`, details: { reason } });
}

import type * as Http3 from '@currentspace/http3';
import { Buffer } from 'node:buffer';
import type { Duplex } from 'node:stream';
import type { TlsFiles } from './plan.js';
import { RAW_FRAME_BYTES_MAX, type Wire } from './wire.js';

const ALPN = ['flotilla-bench'];
const LENGTH_BYTES = 4;
const SERVER_NAME = 'node.flotilla';

/** A server of bare QUIC. @returns its address */
export async function listenRawQuic({ ca, cert, key }: TlsFiles): Promise<string> {
  const { createQuicServer } = await library();
  const server = createQuicServer({ runtimeMode: 'portable', alpn: ALPN, ca, cert, key, clientAuth: 'require' });
  server.on('session', (session) => {
    session.on('error', () => undefined);
    session.on('stream', (stream) => {
      const pieces = new Pieces(stream, (piece) => {
        if (piece.length <= RAW_FRAME_BYTES_MAX) void pieces.send(piece);
      });
    });
  });
  // An address of loopback would have packets of 16 KiB.
  const { port } = await server.listen(0, '0.0.0.0');
  return `quic://127.0.0.1:${port}`;
}

/** Bare QUIC: a length before each frame on one stream, and a stream of its own for each stream; no lanes otherwise. */
export async function dialRawQuic(address: string, { ca, cert, key }: TlsFiles): Promise<Wire> {
  const { hostname, port } = new URL(address);
  const { connectQuicAsync } = await library();
  const session = await connectQuicAsync(
    { address: hostname, port: Number(port), servername: SERVER_NAME },
    { runtimeMode: 'portable', alpn: ALPN, ca, cert, key, connectTimeoutMs: 3_000 },
  );
  session.on('error', () => undefined);
  const frames = new Pieces(session.openStream(), (frame) => wire.onFrame(frame));
  const wire: Wire = {
    onFrame: () => undefined,
    send: (frame) => void frames.send(frame),
    request: undefined,
    openStream: () => {
      const taken = Promise.withResolvers<void>();
      const pieces = new Pieces(session.openStream(), () => taken.resolve());
      return Promise.resolve({
        write: (chunk) => pieces.send(chunk),
        finish: async () => {
          await pieces.send(Uint8Array.of(0));
          await taken.promise;
        },
      });
    },
    close: () => session.close(),
  };
  return wire;
}

async function library(): Promise<typeof Http3> {
  const module = await import('@currentspace/http3');
  // Deno shows a CommonJS module as its default export alone.
  return 'connectQuic' in module ? module : (module as { readonly default: typeof Http3 }).default;
}

/** Pieces with a length before each. The library wants one write of a stream at a time: what waits meanwhile goes with the next. */
class Pieces {
  readonly #stream: Duplex;
  #unsent: Uint8Array[] = [];
  #sending: Promise<void> | undefined;
  #unread: Buffer = Buffer.alloc(0);

  constructor(stream: Duplex, take: (piece: Uint8Array) => void) {
    this.#stream = stream;
    stream.on('error', () => undefined);
    stream.on('data', (bytes: Buffer) => {
      this.#unread = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes]);
      let at = 0;
      for (;;) {
        if (this.#unread.length - at < LENGTH_BYTES) break;
        const end = at + LENGTH_BYTES + this.#unread.readUInt32LE(at);
        if (end > this.#unread.length) break;
        take(this.#unread.subarray(at + LENGTH_BYTES, end));
        at = end;
      }
      this.#unread = this.#unread.subarray(at);
    });
  }

  /** Resolves when the library has taken it. */
  send(piece: Uint8Array): Promise<void> {
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32LE(piece.length);
    this.#unsent.push(length, piece);
    this.#sending ??= this.#sendAll();
    return this.#sending;
  }

  async #sendAll(): Promise<void> {
    await undefined;
    while (this.#unsent.length > 0) {
      const bytes = Buffer.concat(this.#unsent);
      this.#unsent = [];
      await new Promise<void>((resolve) => this.#stream.write(bytes, () => resolve()));
    }
    this.#sending = undefined;
  }
}

import type { PeerAddress } from '../session.js';
import { closeOf, sessionError } from './deno-failure.js';
import {
  type DenoBidirectionalStream,
  type DenoReceiveStream,
  type DenoSendStream,
  DenoStream,
} from './deno-stream.js';
import type { NativeClose, NativeSession, NativeStream } from './native-session.js';

/** A connection. */
export interface DenoConnection {
  close(info: { readonly closeCode: number; readonly reason: string }): void;
  createBidirectionalStream(options: { readonly waitUntilAvailable: boolean }): Promise<DenoBidirectionalStream>;
  createUnidirectionalStream(options: { readonly waitUntilAvailable: boolean }): Promise<DenoSendStream>;
  sendDatagram(bytes: Uint8Array): Promise<void>;
  readDatagram(): Promise<Uint8Array>;
  readonly maxDatagramSize: number;
  readonly closed: Promise<{ readonly closeCode: number; readonly reason: string }>;
  readonly incomingBidirectionalStreams: ReadableStream<DenoBidirectionalStream>;
  readonly incomingUnidirectionalStreams: ReadableStream<DenoReceiveStream>;
  readonly protocol: string | undefined;
  readonly remoteAddr: PeerAddress;
}

/** A connection of Deno's own QUIC. */
export class DenoSession implements NativeSession {
  readonly alpn: string;
  readonly remoteAddress: PeerAddress;
  readonly peerCertificates: readonly Uint8Array[] = [];
  readonly closed: Promise<NativeClose>;
  readonly #connection: DenoConnection;
  readonly #bidirectional: ReadableStreamDefaultReader<DenoBidirectionalStream>;
  readonly #unidirectional: ReadableStreamDefaultReader<DenoReceiveStream>;
  /** A stream that becomes garbage is closed by Deno, so all are held until both sides ended. */
  readonly #streams = new Set<DenoStream>();
  #local: NativeClose | undefined;
  #over = false;

  constructor(connection: DenoConnection, side: 'client' | 'server', alpn: string) {
    this.#connection = connection;
    this.alpn = connection.protocol ?? alpn;
    const { hostname, port } = connection.remoteAddr;
    this.remoteAddress = { hostname, port };
    this.#bidirectional = connection.incomingBidirectionalStreams.getReader();
    this.#unidirectional = connection.incomingUnidirectionalStreams.getReader();
    const refuser = side === 'client' ? 'the peer' : 'this side';
    this.closed = connection.closed.then(
      ({ closeCode, reason }) => this.#ended({ by: 'peer', code: closeCode, reason }),
      (error: unknown) => this.#ended(closeOf(error, refuser)),
    );
  }

  get maxDatagramSize(): number {
    return this.#over ? 0 : this.#connection.maxDatagramSize;
  }

  async openBidirectional(): Promise<NativeStream> {
    const opening = this.#connection.createBidirectionalStream({ waitUntilAvailable: true });
    const { readable, writable } = await opening.catch((error: unknown) => Promise.reject(sessionError(error)));
    return this.#hold(readable, writable);
  }

  async openUnidirectional(): Promise<NativeStream> {
    const opening = this.#connection.createUnidirectionalStream({ waitUntilAvailable: true });
    return this.#hold(undefined, await opening.catch((error: unknown) => Promise.reject(sessionError(error))));
  }

  async acceptBidirectional(): Promise<NativeStream | undefined> {
    const stream = await next(this.#bidirectional);
    return stream === undefined ? undefined : this.#hold(stream.readable, stream.writable);
  }

  async acceptUnidirectional(): Promise<NativeStream | undefined> {
    const stream = await next(this.#unidirectional);
    return stream === undefined ? undefined : this.#hold(stream, undefined);
  }

  sendDatagram(bytes: Uint8Array): boolean {
    if (this.#over || bytes.length > this.#connection.maxDatagramSize) return false;
    this.#connection.sendDatagram(bytes).catch(() => undefined); // datagrams may be lost
    return true;
  }

  async receiveDatagram(): Promise<Uint8Array | undefined> {
    try {
      return await this.#connection.readDatagram();
    } catch {
      return undefined; // only the end of the connection rejects it
    }
  }

  /** Deno pings by itself (`keepAliveInterval`). */
  ping(): void {
    return;
  }

  close(code: number, reason: string): void {
    if (this.#over || this.#local !== undefined) return;
    this.#local = { by: 'local', code, reason };
    this.#connection.close({ closeCode: code, reason });
  }

  #hold(readable: DenoReceiveStream | undefined, writable: DenoSendStream | undefined): DenoStream {
    const stream: DenoStream = new DenoStream(readable, writable, () => this.#streams.delete(stream));
    this.#streams.add(stream);
    return stream;
  }

  #ended(end: NativeClose): NativeClose {
    this.#over = true;
    this.#streams.clear();
    return this.#local ?? end;
  }
}

async function next<T>(reader: ReadableStreamDefaultReader<T>): Promise<T | undefined> {
  try {
    const { done, value } = await reader.read();
    return done ? undefined : value;
  } catch {
    return undefined; // only the end of the connection errors it, and `closed` says how that was
  }
}

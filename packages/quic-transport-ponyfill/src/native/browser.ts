import { QuicError } from '../errors.js';
import { withFramingParameter } from '../http3/framing-parameter.js';
import type { PeerAddress } from '../session.js';
import { untilAborted } from './cancellation.js';
import type { NativeClose, NativeDirection, NativeSession, NativeStream } from './native-session.js';

// What of the browser's WebTransport (W3C) is used. Browsers differ in what is newer: `draining`, `createWritable`, and the arguments of the error.
interface BrowserBidirectionalStream {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

interface BrowserTransport {
  readonly ready: Promise<unknown>;
  readonly closed: Promise<{ readonly closeCode?: number; readonly reason?: string } | undefined>;
  readonly draining?: Promise<unknown>;
  readonly datagrams: {
    readonly readable: ReadableStream<Uint8Array>;
    readonly writable?: WritableStream<Uint8Array>;
    createWritable?(): WritableStream<Uint8Array>;
    readonly maxDatagramSize: number;
  };
  readonly incomingBidirectionalStreams: ReadableStream<BrowserBidirectionalStream>;
  readonly incomingUnidirectionalStreams: ReadableStream<ReadableStream<Uint8Array>>;
  createBidirectionalStream(): Promise<BrowserBidirectionalStream>;
  createUnidirectionalStream(): Promise<WritableStream<Uint8Array>>;
  close(info: { readonly closeCode: number; readonly reason: string }): void;
}

interface BrowserError extends Error {
  readonly source?: 'stream' | 'session';
  readonly streamErrorCode?: number | null;
}

interface Browser {
  readonly WebTransport?: new (url: string, options: Readonly<Record<string, unknown>>) => BrowserTransport;
  readonly WebTransportError?: new (...args: readonly unknown[]) => BrowserError;
}

/** Of {@link connectBrowser}. */
export interface BrowserConnectOptions {
  /** Of scheme https. */
  readonly url: URL;
  /** SHA-256 of acceptable leaf certificates, which then need no authority that the browser trusts, and live at most 14 days. */
  readonly serverCertificateHashes?: readonly Uint8Array[];
  /** The listener is of this package, and its frames are wanted. */
  readonly framed: boolean;
  /** Ends the attempt, with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * How long a close waits for streams that are being aborted, ms. Chromium 156 crashes the page if a session is closed while a stream with
 * a write under way is being aborted, which takes it some milliseconds.
 */
const ABORTS_MS = 1_000;

/**
 * How long a reset with code 0 waits to be told, ms: Chromium resets the streams of a session that the other side has closed so, and says
 * a little later that the session is over.
 */
const RESET_MS = 250;

/** Datagrams that may wait to be sent. */
const MAX_UNSENT_DATAGRAMS = 256;

/**
 * A session over the browser's own WebTransport.
 *
 * @throws QuicError `Unsupported` (this browser has none), `InvalidArgument`, `ConnectFailed` (the browser does not tell a page why), the signal's reason
 */
export async function connectBrowser(options: BrowserConnectOptions): Promise<NativeSession> {
  const { WebTransport } = globalThis as unknown as Browser;
  if (WebTransport === undefined) {
    throw new QuicError('Unsupported', 'this browser, or a page that is not a secure context, has no WebTransport');
  }
  options.signal?.throwIfAborted();
  const url = new URL(options.url.href);
  // A fragment is refused by the constructor, and means nothing to a server.
  url.hash = '';
  const href = options.framed ? withFramingParameter(url.href) : url.href;
  const transport = constructed(() => new WebTransport(href, constructorOptions(options.serverCertificateHashes)));
  const session = new BrowserSession(transport, url);
  try {
    await untilAborted(transport.ready, options.signal ?? new AbortController().signal);
    return session;
  } catch (error) {
    session.close(0, '');
    options.signal?.throwIfAborted();
    throw new QuicError(
      'ConnectFailed',
      `no WebTransport session with ${url.origin} (${messageOf(error)}); the browser does not say why: nobody listens there, ` +
        'the certificate is not trusted or its hash is another or it lives longer than 14 days, or the listener refused the path or the origin of this page',
      { cause: error },
    );
  }
}

function constructorOptions(hashes: readonly Uint8Array[] | undefined): Readonly<Record<string, unknown>> {
  return {
    // Datagrams need HTTP/3; a fallback to another HTTP would lose them.
    requireUnreliable: true,
    ...(hashes === undefined
      ? {}
      : { serverCertificateHashes: hashes.map((value) => ({ algorithm: 'sha-256', value })) }),
  };
}

function constructed<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new QuicError('InvalidArgument', `the browser refuses these options: ${messageOf(error)}`, { cause: error });
  }
}

class BrowserSession implements NativeSession {
  readonly alpn = 'h3';
  readonly remoteAddress: PeerAddress;
  readonly peerCertificates: readonly Uint8Array[] = [];
  readonly closed: Promise<NativeClose>;
  readonly draining?: Promise<void>;
  readonly #transport: BrowserTransport;
  readonly #bidirectional: ReadableStreamDefaultReader<BrowserBidirectionalStream>;
  readonly #unidirectional: ReadableStreamDefaultReader<ReadableStream<Uint8Array>>;
  readonly #incomingDatagrams: ReadableStreamDefaultReader<Uint8Array>;
  readonly #outgoingDatagrams: WritableStreamDefaultWriter<Uint8Array>;
  readonly #aborts = new Set<Promise<void>>();
  #unsentDatagrams = 0;
  /** Browsers do not show ids: these are counted in the order in which streams are seen here. */
  #streams = 0;
  #end: NativeClose | undefined;

  constructor(transport: BrowserTransport, url: URL) {
    this.#transport = transport;
    this.remoteAddress = { hostname: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || 443) };
    this.#bidirectional = transport.incomingBidirectionalStreams.getReader();
    this.#unidirectional = transport.incomingUnidirectionalStreams.getReader();
    const { datagrams } = transport;
    this.#incomingDatagrams = datagrams.readable.getReader();
    const writable = datagrams.createWritable === undefined ? datagrams.writable : datagrams.createWritable();
    if (writable === undefined) throw new QuicError('Unsupported', "this browser's WebTransport sends no datagrams");
    this.#outgoingDatagrams = writable.getWriter();
    if (transport.draining !== undefined) {
      // It never comes if the session ends before.
      this.draining = transport.draining.then(
        () => undefined,
        () => new Promise<void>(() => undefined),
      );
    }
    this.closed = transport.closed.then(
      (info) => this.#ended({ by: 'peer', code: info?.closeCode ?? 0, reason: info?.reason ?? '' }),
      (error: unknown) => this.#ended({ by: 'error', code: 0, reason: '', error: lost(error) }),
    );
    // How the session ended is told by `closed`.
    for (const { closed } of [
      this.#bidirectional,
      this.#unidirectional,
      this.#incomingDatagrams,
      this.#outgoingDatagrams,
    ]) {
      closed.catch(() => undefined);
    }
    this.#outgoingDatagrams.ready.catch(() => undefined);
  }

  get maxDatagramSize(): number {
    return this.#transport.datagrams.maxDatagramSize;
  }

  async openBidirectional(): Promise<NativeStream> {
    const { readable, writable } = await this.#opened(() => this.#transport.createBidirectionalStream());
    return this.#stream('bidirectional', readable, writable);
  }

  async openUnidirectional(): Promise<NativeStream> {
    const writable = await this.#opened(() => this.#transport.createUnidirectionalStream());
    return this.#stream('outgoing', undefined, writable);
  }

  async acceptBidirectional(): Promise<NativeStream | undefined> {
    const stream = await next(this.#bidirectional);
    return stream === undefined ? undefined : this.#stream('bidirectional', stream.readable, stream.writable);
  }

  async acceptUnidirectional(): Promise<NativeStream | undefined> {
    const readable = await next(this.#unidirectional);
    return readable === undefined ? undefined : this.#stream('incoming', readable, undefined);
  }

  sendDatagram(bytes: Uint8Array): boolean {
    const tooMany = this.#unsentDatagrams >= MAX_UNSENT_DATAGRAMS;
    if (this.#end !== undefined || tooMany || bytes.length > this.maxDatagramSize) return false;
    this.#unsentDatagrams += 1;
    const sent = (): void => {
      this.#unsentDatagrams -= 1;
    };
    this.#outgoingDatagrams.write(bytes).then(sent, sent);
    return true;
  }

  receiveDatagram(): Promise<Uint8Array | undefined> {
    return next(this.#incomingDatagrams);
  }

  /** Nothing: pages cannot send PING frames. */
  ping(): void {}

  close(code: number, reason: string): void {
    if (this.#end !== undefined) return;
    this.#end = { by: 'local', code, reason };
    const close = (): void => this.#transport.close({ closeCode: code, reason });
    if (this.#aborts.size === 0) close();
    else void this.#afterAborts().then(close);
  }

  async #afterAborts(): Promise<void> {
    const timeout = Promise.withResolvers<void>();
    const timer = setTimeout(timeout.resolve, ABORTS_MS);
    await Promise.race([Promise.all(this.#aborts), timeout.promise]);
    clearTimeout(timer);
  }

  #ended(close: NativeClose): NativeClose {
    this.#end ??= close;
    return this.#end;
  }

  #stream(
    direction: NativeDirection,
    readable: ReadableStream<Uint8Array> | undefined,
    writable: WritableStream<Uint8Array> | undefined,
  ): NativeStream {
    this.#streams += 1;
    return new BrowserStream(this.#streams, direction, {
      reader: readable?.getReader(),
      writer: writable?.getWriter(),
      sessionClosed: this.closed,
      aborting: (abort) => {
        this.#aborts.add(abort);
        void abort.then(() => this.#aborts.delete(abort));
      },
    });
  }

  async #opened<T>(open: () => Promise<T>): Promise<T> {
    try {
      return await open();
    } catch (error) {
      throw new QuicError('SessionClosed', `no stream can be opened: ${messageOf(error)}`, { cause: error });
    }
  }
}

/** What a stream is made of. */
interface StreamParts {
  readonly reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  readonly writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
  readonly sessionClosed: Promise<NativeClose>;
  /** Told of an abort that has begun; the promise resolves when it is over. */
  aborting(abort: Promise<void>): void;
}

class BrowserStream implements NativeStream {
  readonly id: number;
  readonly direction: NativeDirection;
  readonly #parts: StreamParts;

  constructor(id: number, direction: NativeDirection, parts: StreamParts) {
    this.id = id;
    this.direction = direction;
    const { reader, writer } = parts;
    this.#parts = parts;
    // Failures are told by reads and writes.
    reader?.closed.catch(() => undefined);
    writer?.closed.catch(() => undefined);
    writer?.ready.catch(() => undefined);
  }

  async write(bytes: Uint8Array, fin: boolean): Promise<void> {
    const { writer } = this.#parts;
    if (writer === undefined) throw new QuicError('InvalidArgument', 'this side does not write', { source: 'stream' });
    try {
      const written = bytes.length === 0 ? Promise.resolve() : writer.write(bytes);
      // The end goes with the bytes. Whether the peer has taken it is not waited for, as on the other stacks.
      if (fin) writer.close().catch(() => undefined);
      await written;
    } catch (error) {
      throw await this.#failure('StreamStopped', error);
    }
  }

  async read(): Promise<Uint8Array | undefined> {
    try {
      const result = await this.#parts.reader?.read();
      return result?.value;
    } catch (error) {
      throw await this.#failure('StreamReset', error);
    }
  }

  async #failure(code: 'StreamReset' | 'StreamStopped', error: unknown): Promise<QuicError> {
    const failure = streamFailure(code, error);
    if (failure.code === 'SessionClosed' || (failure.streamErrorCode ?? 0) !== 0) return failure;
    const timeout = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => timeout.resolve(undefined), RESET_MS);
    const close = await Promise.race([this.#parts.sessionClosed, timeout.promise]);
    clearTimeout(timer);
    return close === undefined ? failure : new QuicError('SessionClosed', 'the session has ended', { cause: error });
  }

  reset(code: number): void {
    const abort = this.#parts.writer?.abort(errorWithCode(code)).catch(() => undefined);
    if (abort !== undefined) this.#parts.aborting(abort);
  }

  stop(code: number): void {
    this.#parts.reader?.cancel(errorWithCode(code)).catch(() => undefined);
  }
}

/** The next item; `undefined` once the session has ended, however. */
async function next<T>(reader: ReadableStreamDefaultReader<T>): Promise<T | undefined> {
  try {
    const { value } = await reader.read();
    return value;
  } catch {
    // How the session ended is told by its `closed`.
    return undefined;
  }
}

/**
 * A WebTransportError that carries an application's code. Its arguments were turned round in the course of the specification, and
 * a browser may know codes of 8 bits only (Chromium 156): a code that it would change is not sent, so that the peer sees 0.
 */
function errorWithCode(code: number): unknown {
  const { WebTransportError } = globalThis as unknown as Browser;
  if (WebTransportError === undefined) return undefined;
  const forms = [['', { source: 'stream', streamErrorCode: code }], [{ message: '', streamErrorCode: code }]];
  return forms.map((form) => new WebTransportError(...form)).find(({ streamErrorCode }) => streamErrorCode === code);
}

function streamFailure(code: 'StreamReset' | 'StreamStopped', error: unknown): QuicError {
  const { source, streamErrorCode } = error as BrowserError;
  if (source !== 'stream') return new QuicError('SessionClosed', messageOf(error), { cause: error });
  return new QuicError(code, messageOf(error), {
    source: 'stream',
    cause: error,
    ...(typeof streamErrorCode === 'number' ? { streamErrorCode } : {}),
  });
}

function lost(error: unknown): QuicError {
  return new QuicError('ConnectionLost', `the browser lost the session: ${messageOf(error)}`, { cause: error });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

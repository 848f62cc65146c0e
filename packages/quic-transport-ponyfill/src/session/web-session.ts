import { isQuicError, QuicError } from '../errors.js';
import { untilAborted } from '../native/cancellation.js';
import type {
  BidirectionalStream,
  CloseInfo,
  CreateStreamOptions,
  PeerAddress,
  PeerCertificate,
  QuicSession,
  SessionRequest,
} from '../session.js';
import { closeInfo, type Ending, errorOf } from './ending.js';
import type { SessionCore } from './session-core.js';
import { WebDatagrams } from './web-datagrams.js';
import { webBidirectional, webReadable, webWritable } from './web-streams.js';

/** What of a session is known before it is made. */
export interface WebSessionOptions {
  readonly mode: 'quic' | 'webtransport';
  readonly protocol: string;
  readonly request: SessionRequest | undefined;
  readonly incomingDatagrams: number;
  /** Ends the attempt; closes the session later. */
  readonly signal: AbortSignal | undefined;
  /** Reads the peer's certificate (DER). @throws QuicError `PeerUnproven` */
  readonly readCertificate: ((der: Uint8Array) => Promise<PeerCertificate>) | undefined;
}

/** Makes the connection and says hello. @returns the core and the peer's leaf (DER) */
export type Establish = (
  signal: AbortSignal,
) => Promise<{ readonly core: SessionCore; readonly certificate: Uint8Array | undefined }>;

/** W3C WebTransport's interface over a session core. */
export class WebSession implements QuicSession {
  readonly ready: Promise<void>;
  readonly closed: Promise<CloseInfo>;
  readonly draining: Promise<void>;
  readonly datagrams: WebDatagrams;
  readonly incomingBidirectionalStreams: ReadableStream<BidirectionalStream>;
  readonly incomingUnidirectionalStreams: ReadableStream<ReadableStream<Uint8Array>>;
  readonly mode: 'quic' | 'webtransport';
  readonly protocol: string;
  readonly request: SessionRequest | undefined;
  /** Ends the attempt to connect. */
  readonly #attempt = new AbortController();
  #core: SessionCore | undefined;
  #peerCertificate: PeerCertificate | undefined;
  #settleDraining: () => void = () => undefined;
  readonly #ended: Promise<Ending>;
  #settleEnded: (ending: Ending) => void = () => undefined;
  #ending: Ending | undefined;
  readonly #unlisten: () => void;

  constructor(establish: Establish, options: WebSessionOptions) {
    this.mode = options.mode;
    this.protocol = options.protocol;
    this.request = options.request;
    this.datagrams = new WebDatagrams(() => this.#core, options.incomingDatagrams);
    this.draining = new Promise((resolve) => {
      this.#settleDraining = resolve;
    });
    this.#ended = new Promise((resolve) => {
      this.#settleEnded = resolve;
    });
    this.closed = this.#ended.then((ending) => (ending.type === 'closed' ? ending.info : Promise.reject(ending.error)));
    this.#unlisten = this.#listen(options.signal);
    this.ready = this.#establish(establish, options);
    // As in the specification both are marked as handled: not everybody asks.
    this.ready.catch(() => undefined);
    this.closed.catch(() => undefined);
    this.incomingBidirectionalStreams = this.#incoming(async (core) => {
      const stream = await core.acceptBidirectional();
      return stream === undefined ? undefined : webBidirectional(stream);
    });
    this.incomingUnidirectionalStreams = this.#incoming(async (core) => {
      const half = await core.acceptUnidirectional();
      return half === undefined ? undefined : webReadable(half);
    });
  }

  get remoteAddress(): PeerAddress | undefined {
    return this.#core?.native.remoteAddress;
  }

  get peerCertificate(): PeerCertificate | undefined {
    return this.#peerCertificate;
  }

  async createBidirectionalStream(options: CreateStreamOptions = {}): Promise<BidirectionalStream> {
    const core = await this.#opened(options.signal);
    return webBidirectional(await core.openBidirectional(options.signal));
  }

  async createUnidirectionalStream(options: CreateStreamOptions = {}): Promise<WritableStream<Uint8Array>> {
    const core = await this.#opened(options.signal);
    return webWritable(await core.openUnidirectional(options.signal));
  }

  close(info: Partial<CloseInfo> = {}): void {
    const whole = closeInfo(info);
    if (this.#ending !== undefined) return;
    const core = this.#core;
    if (core === undefined) {
      this.#attempt.abort(new QuicError('SessionClosed', 'the session was closed before it was ready'));
      return;
    }
    core.close(whole);
    this.#end({ type: 'closed', info: whole });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.ready.catch(() => undefined); // what failed is over
    await this.#core?.gone;
  }

  /** Asks the peer to open nothing more. */
  drain(): void {
    this.#core?.drain();
  }

  #listen(signal: AbortSignal | undefined): () => void {
    if (signal === undefined) return () => undefined;
    const abort = (): void => {
      if (this.#core === undefined) this.#attempt.abort(signal.reason);
      else this.close({ reason: 'aborted' });
    };
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    return () => signal.removeEventListener('abort', abort);
  }

  async #establish(establish: Establish, options: WebSessionOptions): Promise<void> {
    try {
      const { core, certificate } = await establish(this.#attempt.signal);
      if (certificate !== undefined && options.readCertificate !== undefined) {
        try {
          this.#peerCertificate = await options.readCertificate(certificate);
        } catch (error) {
          core.close({ closeCode: 0, reason: error instanceof Error ? error.message : '' });
          throw error;
        }
      }
      if (this.#attempt.signal.aborted) {
        core.close({ closeCode: 0, reason: '' });
        throw this.#attempt.signal.reason;
      }
      this.#core = core;
      void core.draining.then(this.#settleDraining);
      void core.ended.then((ending) => this.#end(ending));
      void this.datagrams.receive(core);
    } catch (error) {
      const known = isQuicError(error)
        ? error
        : new QuicError('ConnectFailed', `not connected: ${messageOf(error)}`, { cause: error });
      this.#end({ type: 'failed', error: known });
      throw error;
    }
  }

  async #opened(signal: AbortSignal | undefined): Promise<SessionCore> {
    signal?.throwIfAborted();
    if (this.#ending !== undefined) throw errorOf(this.#ending);
    if (this.#core === undefined) await (signal === undefined ? this.ready : untilAborted(this.ready, signal));
    if (this.#ending !== undefined) throw errorOf(this.#ending);
    if (this.#core === undefined) throw new QuicError('SessionClosed', 'the session was never ready');
    return this.#core;
  }

  #incoming<T>(accept: (core: SessionCore) => Promise<T | undefined>): ReadableStream<T> {
    return new ReadableStream<T>(
      {
        start: (controller) => {
          void this.#ended.then((ending) => {
            if (ending.type === 'failed') controller.error(ending.error);
          });
        },
        pull: async (controller) => {
          await this.ready;
          const core = this.#core;
          const item = core === undefined ? undefined : await accept(core);
          if (item !== undefined) {
            controller.enqueue(item);
            return;
          }
          const ending = await this.#ended;
          if (ending.type === 'closed') controller.close();
        },
      },
      { highWaterMark: 0 },
    );
  }

  #end(ending: Ending): void {
    if (this.#ending !== undefined) return;
    this.#ending = ending;
    this.#unlisten();
    this.datagrams.end(errorOf(ending), ending.type === 'failed');
    this.#settleEnded(ending);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

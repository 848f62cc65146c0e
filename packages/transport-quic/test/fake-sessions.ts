// Sessions in memory with the W3C's shape, whose streams can be held back one by one, as a lost packet holds back one QUIC stream.
import type { BidirectionalStream, CloseInfo, Datagrams } from '@flotilla/quic-transport-ponyfill';
import type { Session } from '../src/session-socket.js';

/** Bytes that a pipe takes before its writer waits. */
const WINDOW_BYTES = 64 * 1024;

/** One direction of a stream. */
class FakePipe {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #held: Uint8Array[] = [];
  #holding = false;
  #closed = false;
  #resume: (() => void) | undefined;

  constructor() {
    this.readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#resume?.(),
        cancel: () => this.#resume?.(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: WINDOW_BYTES }),
    );
    this.writable = new WritableStream<Uint8Array>({
      write: (bytes) => this.#write(bytes),
      close: () => {
        this.#closed = true;
        this.#flush();
      },
      abort: (reason) => this.#controller?.error(reason),
    });
  }

  async #write(bytes: Uint8Array): Promise<void> {
    // As in QUIC, neither the sizes of writes nor the buffer itself are seen by the other side.
    const cut = Math.floor(bytes.length / 3);
    for (const piece of [bytes.slice(0, cut), bytes.slice(cut)]) if (piece.length > 0) this.#held.push(piece);
    this.#flush();
    while (this.#holding || (this.#controller?.desiredSize ?? 0) < 0) {
      await new Promise<void>((resolve) => {
        this.#resume = resolve;
      });
      if (this.#controller?.desiredSize === null) return;
    }
  }

  #flush(): void {
    if (this.#holding) return;
    for (const bytes of this.#held.splice(0)) this.#controller?.enqueue(bytes);
    if (this.#closed) this.#controller?.close();
  }

  /** From now on nothing arrives; what is written waits. */
  hold(): void {
    this.#holding = true;
  }

  /** All that was held arrives. */
  release(): void {
    this.#holding = false;
    this.#flush();
    this.#resume?.();
  }

  fail(error: Error): void {
    try {
      this.#controller?.error(error);
    } catch {
      // It was closed before: nothing to tell.
    }
    this.#resume?.();
  }
}

/** A stream of a pair of sessions, as a test sees it. */
export interface FakeStream {
  readonly openedBy: 'dialled' | 'accepted';
  /** Both directions stop, and go on. */
  hold(): void;
  release(): void;
  /** As a RESET of both directions. */
  reset(): void;
}

class FakeSession implements Session {
  readonly closed: Promise<CloseInfo>;
  readonly incomingBidirectionalStreams: ReadableStream<BidirectionalStream>;
  readonly datagrams: Datagrams;
  readonly pipes: FakePipe[] = [];
  peer: FakeSession | undefined;
  opened: ((a: FakePipe, b: FakePipe) => void) | undefined;
  #incoming: ReadableStreamDefaultController<BidirectionalStream> | undefined;
  #datagram: ReadableStreamDefaultController<Uint8Array> | undefined;
  #close: ((info: CloseInfo) => void) | undefined;
  #fail: ((error: Error) => void) | undefined;
  #over = false;

  constructor() {
    this.closed = new Promise((resolve, reject) => {
      this.#close = resolve;
      this.#fail = reject;
    });
    this.closed.catch(() => {});
    this.incomingBidirectionalStreams = new ReadableStream(
      {
        start: (controller) => {
          this.#incoming = controller;
        },
      },
      { highWaterMark: 0 },
    );
    const readable = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#datagram = controller;
      },
    });
    const createWritable = (): WritableStream<Uint8Array> =>
      new WritableStream({ write: (bytes) => this.peer?.receiveDatagram(bytes.slice()) });
    this.datagrams = {
      readable,
      writable: createWritable(),
      createWritable,
      maxDatagramSize: 1000,
      incomingHighWaterMark: 1,
      outgoingHighWaterMark: 1,
    };
  }

  datagramsReceived = 0;

  receiveDatagram(bytes: Uint8Array): void {
    this.datagramsReceived++;
    if (!this.#over) this.#datagram?.enqueue(bytes);
  }

  async createBidirectionalStream(): Promise<BidirectionalStream> {
    if (this.#over) throw new Error('the session is closed');
    const there = new FakePipe();
    const back = new FakePipe();
    for (const session of [this, this.peer]) session?.pipes.push(there, back);
    this.opened?.(there, back);
    queueMicrotask(() => this.peer?.receive({ readable: there.readable, writable: back.writable }));
    return { readable: back.readable, writable: there.writable };
  }

  receive(stream: BidirectionalStream): void {
    if (!this.#over) this.#incoming?.enqueue(stream);
  }

  close(info: Partial<CloseInfo> = {}): void {
    const whole = { closeCode: info.closeCode ?? 0, reason: info.reason ?? '' };
    if (!this.#over) this.peer?.end(whole);
    this.end(whole);
  }

  end(info: CloseInfo): void {
    if (this.#finish()) this.#close?.(info);
  }

  /** The path is gone: both sides find out. */
  lose(error: Error): void {
    if (this.#finish()) this.#fail?.(error);
  }

  #finish(): boolean {
    if (this.#over) return false;
    this.#over = true;
    for (const pipe of this.pipes) pipe.fail(new Error('the session ended'));
    this.#incoming?.close();
    this.#datagram?.close();
    return true;
  }
}

/** Two sessions, each the other's peer. */
export interface FakePair {
  readonly dialled: Session;
  readonly accepted: Session;
  /** In the order in which they were opened. */
  readonly streams: readonly FakeStream[];
  /** Datagrams that arrived, on both sides. */
  readonly datagrams: number;
  /** Datagrams are lost from now on. */
  loseDatagrams(): void;
  /** Breaks the path under the sessions. */
  lose(): void;
}

/** @returns a connected pair. */
export function fakeSessions(): FakePair {
  const dialled = new FakeSession();
  const accepted = new FakeSession();
  dialled.peer = accepted;
  accepted.peer = dialled;
  const streams: FakeStream[] = [];
  const noting =
    (openedBy: 'dialled' | 'accepted') =>
    (...pipes: readonly [FakePipe, FakePipe]): void => {
      streams.push({
        openedBy,
        hold: () => pipes.forEach((pipe) => pipe.hold()),
        release: () => pipes.forEach((pipe) => pipe.release()),
        reset: () => pipes.forEach((pipe) => pipe.fail(new Error('StreamReset(42)'))),
      });
    };
  dialled.opened = noting('dialled');
  accepted.opened = noting('accepted');
  return {
    dialled,
    accepted,
    streams,
    get datagrams() {
      return dialled.datagramsReceived + accepted.datagramsReceived;
    },
    loseDatagrams: () => {
      for (const session of [dialled, accepted]) session.receiveDatagram = (): void => {};
    },
    lose: () => {
      for (const session of [dialled, accepted]) session.lose(new Error('the path is gone'));
    },
  };
}

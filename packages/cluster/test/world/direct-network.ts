import { FlotillaError } from '@flotilla/errors';
import type { Runtime } from '@flotilla/runtime';
import type { IncomingStream, OutgoingStream } from '@flotilla/transport';
import type { PeerEvents, PeerNetwork } from '../../src/raft-loop/peer-network.js';

/** What the network does to frames, beside delaying them. */
export interface FrameFaults {
  /** Delay of one frame, ms. */
  delay: () => number;
  /** Whether the frame is lost (without breaking the connection, which a real one would). */
  lost: () => boolean;
  /** Whether the frame arrives twice. */
  doubled: () => boolean;
}

/** A frame that was sent, for tests that look at them. */
export interface SentFrame {
  readonly from: number;
  readonly to: number;
  readonly frame: Uint8Array;
}

/** A network of PeerNetworks in one process and one virtual time, without any transport. Frames may be reordered by unequal delays. */
export class DirectNetwork {
  readonly faults: FrameFaults = { delay: () => 1, lost: () => false, doubled: () => false };
  readonly sent: SentFrame[] = [];
  record = false;
  /** What becomes of the pieces of byte streams. */
  damage: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes;
  readonly #runtime: Runtime;
  readonly #events = new Map<number, PeerEvents>();
  readonly #watchers = new Map<number, (other: number) => void>();
  readonly #cut = new Set<string>();
  readonly #streams = new Set<DirectStream>();
  /** Raised when a node crashes, so that frames on their way to or from its former life are lost. */
  readonly #lives = new Map<number, number>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  peersOf(node: number): PeerNetwork {
    const life = (this.#lives.get(node) ?? 0) + 1;
    this.#lives.set(node, life);
    return {
      attach: (events) => {
        this.#events.set(node, events);
        for (const other of this.#events.keys())
          if (other !== node && this.#linked(node, other)) this.#announce(node, other);
      },
      send: (to, frame) => this.#send(node, to, frame),
      openSnapshotStream: (to, header, signal) => this.#open(node, to, header, signal),
      breakAll: () => this.down(node),
    };
  }

  #announce(a: number, b: number): void {
    this.#later(0, () => {
      if (!this.#linked(a, b)) return;
      this.#events.get(a)?.connected(b);
      this.#events.get(b)?.connected(a);
    });
  }

  isLinked(a: number, b: number): boolean {
    return this.#linked(a, b);
  }

  /** Tells a node's liveness of hosts when a link breaks. */
  onBroken(node: number, callback: (other: number) => void): void {
    this.#watchers.set(node, callback);
  }

  #linked(a: number, b: number): boolean {
    return this.#events.has(a) && this.#events.has(b) && !this.#cut.has(`${a}-${b}`) && !this.#cut.has(`${b}-${a}`);
  }

  #later(ms: number, action: () => void): void {
    this.#runtime.setTimer(ms, action);
  }

  #send(from: number, to: number, frame: Uint8Array): boolean {
    if (!this.#linked(from, to)) return false;
    if (this.record) this.sent.push({ from, to, frame });
    if (this.faults.lost()) return true;
    const lives = [this.#lives.get(from), this.#lives.get(to)];
    const deliver = (): void => {
      if (!this.#linked(from, to)) return;
      if (this.#lives.get(from) !== lives[0] || this.#lives.get(to) !== lives[1]) return;
      this.#events.get(to)?.frames(from, [frame]);
    };
    this.#later(this.faults.delay(), deliver);
    if (this.faults.doubled()) this.#later(this.faults.delay(), deliver);
    return true;
  }

  async #open(from: number, to: number, header: Uint8Array, signal: AbortSignal): Promise<OutgoingStream> {
    await new Promise<void>((resolve) => this.#later(1, resolve));
    if (signal.aborted || !this.#linked(from, to)) {
      throw new FlotillaError('Unreachable', { message: `node ${to}`, details: { address: `${to}` } });
    }
    const stream = new DirectStream({ from, to, header, damage: (bytes) => this.damage(bytes) }, () =>
      this.#streams.delete(stream),
    );
    this.#streams.add(stream);
    this.#later(1, () => this.#events.get(to)?.snapshotStream(from, stream));
    return stream.sender;
  }

  /** Sends arbitrary bytes in a node's name. */
  injector(from: number): (to: number, frame: Uint8Array) => void {
    return (to, frame) => this.#later(1, () => this.#events.get(to)?.frames(from, [frame]));
  }

  /** Cuts the link between two nodes, both ways; what is under way is lost. */
  cut(a: number, b: number): void {
    if (this.#cut.has(`${a}-${b}`)) return;
    this.#cut.add(`${a}-${b}`);
    this.#cut.add(`${b}-${a}`);
    this.#break((x, y) => (x === a && y === b) || (x === b && y === a));
    this.#brokenFor(a, b);
    this.#brokenFor(b, a);
  }

  #brokenFor(node: number, other: number): void {
    if (!this.#events.has(node)) return;
    this.#events.get(node)?.broken(other);
    this.#watchers.get(node)?.(other);
  }

  heal(): void {
    const cut = [...this.#cut];
    this.#cut.clear();
    for (const link of cut) {
      const [a, b] = link.split('-').map(Number) as [number, number];
      if (a < b) this.#announce(a, b);
    }
  }

  /** Cuts a node off from all others. */
  isolate(node: number): void {
    for (const other of this.#events.keys()) if (other !== node) this.cut(node, other);
  }

  /** The node is gone: its connections break. */
  down(node: number): void {
    this.#events.delete(node);
    this.#lives.set(node, (this.#lives.get(node) ?? 0) + 1);
    this.#break((a, b) => a === node || b === node);
    for (const other of this.#events.keys()) this.#brokenFor(other, node);
  }

  /** Breaks snapshot streams. */
  #break(concerned: (from: number, to: number) => boolean): void {
    for (const stream of this.#streams) if (concerned(stream.from, stream.to)) stream.breakNow();
  }

  get openStreams(): number {
    return this.#streams.size;
  }

  /** Breaks all snapshot streams, and nothing else. */
  breakStreams(): void {
    this.#break(() => true);
  }
}

/** One byte stream: a hand-over of one piece at a time. */
class DirectStream implements IncomingStream {
  readonly from: number;
  readonly to: number;
  readonly header: Uint8Array;
  readonly sender: OutgoingStream;
  readonly #gone: () => void;
  #pieces: {
    readonly bytes: Uint8Array | undefined;
    readonly taken: () => void;
    readonly failed: (error: Error) => void;
  }[] = [];
  #wanting: (() => void) | undefined;
  #error: Error | undefined;
  #answered: ((bytes: Uint8Array) => void) | undefined;
  #answerFailed: ((error: Error) => void) | undefined;
  #answer: Uint8Array | undefined;

  constructor(
    {
      from,
      to,
      header,
      damage,
    }: { from: number; to: number; header: Uint8Array; damage: (bytes: Uint8Array) => Uint8Array },
    gone: () => void,
  ) {
    this.from = from;
    this.to = to;
    this.header = header;
    this.#gone = gone;
    this.sender = {
      write: (chunk) => this.#push(damage(chunk.slice())),
      finish: () => this.#finish(),
      abort: (error) => this.#fail(error),
    };
  }

  #push(bytes: Uint8Array | undefined): Promise<void> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    return new Promise((taken, failed) => {
      this.#pieces.push({ bytes, taken, failed });
      this.#wanting?.();
    });
  }

  #finish(): Promise<Uint8Array> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    const answered = new Promise<Uint8Array>((resolve, reject) => {
      this.#answered = resolve;
      this.#answerFailed = reject;
    });
    if (this.#answer !== undefined) this.#answered?.(this.#answer);
    this.#push(undefined).catch(() => undefined);
    return answered;
  }

  #fail(error: Error): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    this.#answerFailed?.(error);
    for (const piece of this.#pieces) piece.failed(error);
    this.#pieces = [];
    this.#wanting?.();
    this.#gone();
  }

  breakNow(): void {
    this.#fail(new FlotillaError('ConnectionClosed', { message: 'cut', details: { address: 'peer' } }));
  }

  answer(bytes: Uint8Array): void {
    this.#answer = bytes;
    this.#answered?.(bytes);
    this.#gone();
  }

  abort(error: Error): void {
    this.#fail(error);
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    for (;;) {
      while (this.#pieces.length === 0 && this.#error === undefined) {
        await new Promise<void>((resolve) => {
          this.#wanting = resolve;
        });
      }
      if (this.#error !== undefined) throw this.#error;
      const piece = this.#pieces.shift();
      if (piece === undefined) continue;
      piece.taken();
      if (piece.bytes === undefined) return;
      yield piece.bytes;
    }
  }
}

import { QuicError } from '../errors.js';

/** How much of a session the peer may have sent that was not read, bytes. */
export interface WindowBounds {
  /** Of a stream that nobody has read from: what its opener may send at once. */
  readonly firstBytes: number;
  /** Of a stream that is being read, at most. */
  readonly streamBytes: number;
  /** Of all that are being read, beyond the first bytes of each. */
  readonly sharedBytes: number;
}

/**
 * The receive windows of the streams of a session (what RFC 9000 section 4.1 calls flow control), within one bound for all.
 *
 * A stream begins with its first bytes, which are its own: whoever reads nothing of one keeps no other from going on. When it is read its window
 * grows, out of what all share; of that it takes no more than it leaves free (dynamic thresholds, as switches divide their
 * memory), so that streams which are read come to equal parts, and those that stopped to be read never take the whole.
 */
export class ReceiveWindows {
  readonly #bounds: WindowBounds;
  #freeBytes: number;

  constructor(bounds: WindowBounds) {
    this.#bounds = bounds;
    this.#freeBytes = bounds.sharedBytes;
  }

  /** Of what all share, what no stream holds now, bytes; below 0 if this side has opened more streams than it has room for. */
  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** Of a stream that the peer opened: there is room for the first bytes of as many as it may open. */
  ofPeer(): ReceiveWindow {
    return this.#window(this.#bounds.firstBytes);
  }

  /** Of a stream that this side opened: even its first bytes are of what is shared. */
  ofOwn(): ReceiveWindow {
    return this.#window(0);
  }

  #window(ownBytes: number): ReceiveWindow {
    return new ReceiveWindow(ownBytes, this.#bounds, {
      free: () => this.#freeBytes,
      take: (bytes) => {
        this.#freeBytes -= bytes;
      },
    });
  }
}

/** What the streams of a session share. */
interface SharedBytes {
  free(): number;
  /** @param bytes Given back where below 0. */
  take(bytes: number): void;
}

/** Of one stream: how much the peer may send of it. */
export class ReceiveWindow {
  /** What it holds without taking of what is shared. */
  readonly #ownBytes: number;
  readonly #bounds: WindowBounds;
  readonly #shared: SharedBytes;
  /** Bytes of the stream since it began: the peer may have sent, it has sent, the reader has read. */
  #limit: number;
  #received = 0;
  #read = 0;
  #state: 'open' | 'ended' | 'closed' = 'open';
  #takenBytes = 0;

  constructor(ownBytes: number, bounds: WindowBounds, shared: SharedBytes) {
    this.#ownBytes = ownBytes;
    this.#bounds = bounds;
    this.#shared = shared;
    this.#limit = bounds.firstBytes;
    this.#settle();
  }

  /** Bytes came. @throws QuicError `ProtocolViolation` if they are more than the peer may send */
  received(bytes: number): void {
    this.#received += bytes;
    if (this.#received > this.#limit) {
      throw new QuicError('ProtocolViolation', `the peer sent more than ${this.#limit} bytes of a stream`);
    }
  }

  /** Bytes were read. @returns how many the peer may have sent in all, if it is to be told so now */
  read(bytes: number): number | undefined {
    this.#read += bytes;
    this.#settle();
    if (this.#state !== 'open') return undefined;
    const { firstBytes, streamBytes } = this.#bounds;
    const part = this.#ownBytes + Math.floor((this.#shared.free() + this.#takenBytes) / 2);
    const window = Math.max(firstBytes, Math.min(streamBytes, part));
    // Half a window at a time: seldom enough to be cheap, often enough that a steady reader never holds up the sender.
    if (this.#limit - this.#read > window / 2) return undefined;
    this.#limit = this.#read + window;
    this.#settle();
    return this.#limit;
  }

  /** The peer sends no more: the stream holds what came and was not read. */
  end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ended';
    this.#settle();
  }

  /** Nothing of it will be read, and what came is dropped. */
  close(): void {
    this.#state = 'closed';
    this.#settle();
  }

  /** What it may come to hold, as far as it is not its own, is taken of what is shared. */
  #settle(): void {
    const end = { open: this.#limit, ended: this.#received, closed: this.#read }[this.#state];
    const bytes = Math.max(0, end - this.#read - this.#ownBytes);
    this.#shared.take(bytes - this.#takenBytes);
    this.#takenBytes = bytes;
  }
}

import type { Socket } from 'node:net';
import type { Direction } from './direction.js';

/** Bytes that a pipe holds before it stops reading, as the buffers of a network would be full. */
const HELD_BYTES_MAX = 4 * 1_048_576;

interface Piece {
  readonly bytes: Buffer;
  readonly due: number;
}

/** One direction of one connection: what comes from `source` goes to `sink`, in order, as its direction's traffic says. */
export class Pipe {
  readonly #source: Socket;
  readonly #sink: Socket;
  readonly #direction: Direction;
  readonly #reset: () => void;
  readonly #queue: Piece[] = [];
  #queuedBytes = 0;
  #lastDue = 0;
  #timer: NodeJS.Timeout | undefined;
  #isBlocked = false;
  #lostBytes = false;
  /** The source is gone: so will the sink be, once the news may travel. */
  #ended = false;

  constructor(source: Socket, sink: Socket, direction: Direction, reset: () => void) {
    this.#source = source;
    this.#sink = sink;
    this.#direction = direction;
    this.#reset = reset;
    direction.pipes.add(this);
    source.on('data', (bytes: Buffer) => this.#take(bytes));
    source.on('close', () => {
      this.#ended = true;
      this.pump();
    });
    sink.on('drain', () => {
      this.#isBlocked = false;
      this.pump();
    });
    sink.on('close', () => this.#forget());
  }

  #take(bytes: Buffer): void {
    const { traffic, tally, random } = this.#direction;
    const now = performance.now();
    let due = Math.max(now, this.#lastDue);
    switch (traffic.kind) {
      case 'swallowed':
        this.#lostBytes = true;
        tally.swallowedBytes += bytes.length;
        return;
      case 'slow':
        due = Math.max(now + traffic.latencyMs, this.#lastDue) + (bytes.length * 1_000) / traffic.bytesPerSecond;
        tally.delayedPieces++;
        break;
      case 'lossy':
        if (random.chance(traffic.resets)) {
          tally.resets++;
          this.#reset();
          return;
        }
        if (random.chance(traffic.stalls)) {
          due += traffic.stallMs;
          tally.stalls++;
        }
        break;
      case 'held':
        tally.heldBytes += bytes.length;
        break;
      case 'open':
        break;
    }
    this.#lastDue = due;
    this.#queue.push({ bytes, due });
    this.#queuedBytes += bytes.length;
    if (this.#queuedBytes > HELD_BYTES_MAX) this.#source.pause();
    this.pump();
  }

  /** Hands on what is due. */
  pump(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { kind } = this.#direction.traffic;
    if (kind === 'held' || this.#isBlocked) return;
    const now = performance.now();
    for (let head = this.#queue[0]; head !== undefined; head = this.#queue[0]) {
      if (head.due > now) {
        this.#timer = setTimeout(() => this.pump(), head.due - now);
        return;
      }
      this.#queue.shift();
      this.#queuedBytes -= head.bytes.length;
      if (kind === 'swallowed') {
        this.#lostBytes = true;
        continue;
      }
      if (!this.#sink.write(head.bytes)) {
        this.#isBlocked = true;
        break;
      }
    }
    if (this.#queuedBytes <= HELD_BYTES_MAX && this.#source.isPaused()) this.#source.resume();
    // News of the end travel behind the bytes, and no better than they do.
    if (this.#ended && this.#queue.length === 0 && kind !== 'swallowed') this.#sink.destroy();
  }

  /** The traffic of the direction was changed. */
  changed(): void {
    if (this.#lostBytes && this.#direction.traffic.kind !== 'swallowed') this.#reset();
    else this.pump();
  }

  #forget(): void {
    clearTimeout(this.#timer);
    this.#queue.length = 0;
    this.#direction.pipes.delete(this);
  }
}

import type { ByteWriter } from '@flotilla/bytes';
import type { TransportMetrics } from '../observe.js';
import type { TransportLimits } from '../transport.js';
import { Assembly } from './assembly.js';
import { PART_BYTES_MIN, Piece, PIECE_BYTES_MAX } from './pieces.js';

/** A kind and a length. */
const HEADER_BYTES = 5;

/** The lane of frames: a bounded queue on the way out, parts put together on the way in. */
export class FrameLane {
  readonly #metrics: TransportMetrics;
  readonly #framesMax: number;
  readonly #bytesMax: number;
  readonly #assembly: Assembly;
  #queue: Uint8Array[] = [];
  #head = 0;
  /** Bytes of the frame at the head that were written as parts. */
  #offset = 0;
  #frames = 0;
  #bytes = 0;
  #refused = false;

  constructor({ limits, metrics }: { readonly limits: TransportLimits; readonly metrics: TransportMetrics }) {
    this.#metrics = metrics;
    this.#framesMax = limits.queuedFramesMax;
    this.#bytesMax = limits.queuedBytesMax;
    this.#assembly = new Assembly('frameBytesMax', limits.frameBytesMax);
  }

  /** Frames queued, the one that is being sent in parts included. */
  get frames(): number {
    return this.#frames;
  }

  /** Their bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** False, and nothing is queued, when the queue is full. */
  push(frame: Uint8Array): boolean {
    if (this.#frames >= this.#framesMax || (this.#frames > 0 && this.#bytes + frame.length > this.#bytesMax)) {
      this.#refused = true;
      return false;
    }
    this.#queue.push(frame);
    this.#frames++;
    this.#bytes += frame.length;
    return true;
  }

  /** Whether a frame was refused and the queue has since become half empty: says so once. */
  takeDrained(): boolean {
    if (!this.#refused || this.#frames > this.#framesMax / 2 || this.#bytes > this.#bytesMax / 2) return false;
    this.#refused = false;
    return true;
  }

  /** The most that `write` would write now, in bytes. */
  get pendingBytes(): number {
    return this.#frames === 0 ? 0 : this.#bytes - this.#offset + this.#frames * HEADER_BYTES + 64;
  }

  /** Writes frames, or a part of one, no more than `room` bytes. */
  write(writer: ByteWriter, room: number): void {
    const end = writer.length + room;
    let finished = 0;
    for (let frame = this.#queue[this.#head]; frame !== undefined; frame = this.#queue[this.#head]) {
      const rest = this.#offset === 0 ? frame : frame.subarray(this.#offset);
      const space = Math.min(end - writer.length - HEADER_BYTES, PIECE_BYTES_MAX);
      if (rest.length > space) {
        if (space < PART_BYTES_MIN) break;
        writer.u8(Piece.FRAME_PART);
        writer.bytes(rest.subarray(0, space));
        this.#offset += space;
        break;
      }
      writer.u8(Piece.FRAME);
      writer.bytes(rest);
      this.#offset = 0;
      this.#head++;
      this.#frames--;
      this.#bytes -= frame.length;
      finished++;
    }
    this.#forgetSent();
    this.#metrics.framesSent += finished;
  }

  #forgetSent(): void {
    if (this.#head === this.#queue.length) {
      this.#queue = [];
      this.#head = 0;
    } else if (this.#head > 1024) {
      this.#queue.splice(0, this.#head);
      this.#head = 0;
    }
  }

  /** Drops all that is queued. */
  clear(): void {
    this.#queue = [];
    this.#head = 0;
    this.#offset = 0;
    this.#frames = 0;
    this.#bytes = 0;
  }

  /** A part arrived. @throws {FlotillaError} LimitExceeded */
  readPart(bytes: Uint8Array): void {
    this.#assembly.add(bytes);
  }

  /** A frame, or the end of one, arrived: the whole frame. @throws {FlotillaError} LimitExceeded */
  readEnd(bytes: Uint8Array): Uint8Array {
    return this.#assembly.finish(bytes);
  }
}

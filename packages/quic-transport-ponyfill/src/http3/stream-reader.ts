import { H3_FRAME_ERROR, Http3Error } from './error-code.js';
import { concatBytes, readVarint, varintLength } from './varint.js';

/** Where bytes come from: one read at a time, `undefined` at the end. */
export interface ByteSource {
  read(): Promise<Uint8Array | undefined>;
}

/** Reads integers and exact numbers of bytes from a stream that comes in arbitrary pieces. One read at a time. */
export class StreamReader {
  readonly #source: ByteSource;
  #buffer: Uint8Array = new Uint8Array();
  #ended = false;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** Reads until at least `size` bytes are there; `false` if the stream ends before. */
  async #fill(size: number): Promise<boolean> {
    while (this.#buffer.length < size && !this.#ended) {
      const piece = await this.#source.read();
      if (piece === undefined) this.#ended = true;
      else this.#buffer = this.#buffer.length === 0 ? piece : concatBytes(this.#buffer, piece);
    }
    return this.#buffer.length >= size;
  }

  #take(size: number): Uint8Array {
    const taken = this.#buffer.subarray(0, size);
    this.#buffer = this.#buffer.subarray(size);
    return taken;
  }

  /** The next integer; `undefined` if the stream ends before it. Throws {@link Http3Error} if it ends within. */
  async varint(): Promise<number | undefined> {
    if (!(await this.#fill(1))) return undefined;
    const length = varintLength(this.#buffer[0] ?? 0);
    if (!(await this.#fill(length))) throw truncated();
    return readVarint(this.#take(length));
  }

  /** Exactly `size` bytes. Throws {@link Http3Error} if the stream ends before. The caller has checked `size` against a limit. */
  async exactly(size: number): Promise<Uint8Array> {
    if (this.#buffer.length >= size) return this.#take(size);
    const whole = new Uint8Array(size);
    for (let offset = 0; offset < size;) {
      const piece = await this.some(size - offset);
      if (piece === undefined) throw truncated();
      whole.set(piece, offset);
      offset += piece.length;
    }
    return whole;
  }

  /** Some bytes, at most `max`, at least one; `undefined` at the end. */
  async some(max: number = Number.POSITIVE_INFINITY): Promise<Uint8Array | undefined> {
    if (!(await this.#fill(1))) return undefined;
    return this.#take(Math.min(max, this.#buffer.length));
  }
}

function truncated(): Http3Error {
  return new Http3Error('connection', H3_FRAME_ERROR, 'the stream ends within a frame');
}

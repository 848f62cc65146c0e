// What goes over a framed stream: the stream's number, then frames. A frame begins with an integer (RFC 9000 section 16):
// 0 is END, 1 is ABORT and the code follows, n + 1 is DATA of n bytes, which follow. A stream that ends without END was cut off.
import { QuicError } from '../errors.js';
import { concatBytes, encodeVarint } from '../http3/varint.js';
import { FrameReader } from './frame-reader.js';

/** In place of a stream's number: this is the control stream. */
export const CONTROL_STREAM = 0;

/** The longest DATA frame that is sent, and that is taken, bytes. */
export const MAX_DATA_FRAME: number = 64 * 1024;

const END = 0;
const ABORT = 1;

/** What of a stream was read. */
export type StreamFrame =
  | { readonly type: 'data'; readonly bytes: Uint8Array }
  | { readonly type: 'end' }
  | { readonly type: 'abort'; readonly code: number };

/** The bytes that begin a DATA frame. */
export function dataHeader(length: number): Uint8Array {
  return encodeVarint(length + 1);
}

/** An END frame, which goes with the stream's FIN. */
export function endFrame(): Uint8Array {
  return encodeVarint(END);
}

/** An ABORT frame, which goes with the stream's FIN. */
export function abortFrame(code: number): Uint8Array {
  return concatBytes(encodeVarint(ABORT), encodeVarint(code));
}

/** Reads the number of a stream, then its frames. DATA comes out in pieces as it came in. */
export class StreamFrameReader {
  readonly #input = new FrameReader();
  #number: number | undefined;
  /** Bytes of the present DATA frame that are still to come. */
  #remaining = 0;
  #ended = false;

  /** @param number - where the stream is known already: the answering direction of a stream does not repeat it */
  constructor(number?: number) {
    this.#number = number;
  }

  /** The stream's number once it is known. */
  get number(): number | undefined {
    if (this.#number !== undefined) return this.#number;
    const head = this.#input.peekVarint();
    if (head === undefined) return undefined;
    this.#input.skip(head.length);
    this.#number = head.value;
    return head.value;
  }

  /** What came in and was not read: of the control stream, whose frames are others. */
  get rest(): Uint8Array {
    return this.#input.take(this.#input.available);
  }

  /** Adds bytes, which must stay unchanged until read. */
  add(bytes: Uint8Array): void {
    this.#input.add(bytes);
  }

  /** The next frame or piece of one, or undefined if more must come in first. @throws QuicError `ProtocolViolation` */
  next(): StreamFrame | undefined {
    if (this.number === undefined || this.#input.available === 0) return undefined;
    if (this.#ended) throw violation('bytes after the end of a stream');
    if (this.#remaining === 0) {
      const frame = this.#begin();
      if (frame !== 'data') return frame;
    }
    const bytes = this.#input.take(this.#remaining);
    if (bytes.length === 0) return undefined;
    this.#remaining -= bytes.length;
    return { type: 'data', bytes };
  }

  #begin(): StreamFrame | 'data' | undefined {
    const head = this.#input.peekVarint();
    if (head === undefined) return undefined;
    if (head.value === ABORT) return this.#abort(head.length);
    this.#input.skip(head.length);
    if (head.value === END) {
      this.#ended = true;
      return { type: 'end' };
    }
    if (head.value - 1 > MAX_DATA_FRAME) throw violation(`a frame of ${head.value - 1} bytes`);
    this.#remaining = head.value - 1;
    return 'data';
  }

  #abort(headLength: number): StreamFrame | undefined {
    const kept = this.#input.take(this.#input.available);
    const code = new FrameReader();
    code.add(kept.subarray(headLength));
    const read = code.peekVarint();
    if (read === undefined) {
      this.#input.add(kept);
      return undefined;
    }
    if (read.value > 0xffff_ffff) throw violation(`a stream error code of ${read.value}`);
    if (kept.length > headLength + read.length) throw violation('bytes after the end of a stream');
    this.#ended = true;
    return { type: 'abort', code: read.value };
  }
}

function violation(what: string): QuicError {
  return new QuicError('ProtocolViolation', `the peer sent ${what}`);
}

// The HTTP messages of a CONNECT stream: its fields, then DATA frames in both directions.
import { H3_EXCESSIVE_LOAD, H3_FRAME_UNEXPECTED, Http3Error } from './error-code.js';
import { DATA, encodeFrame, HEADERS, nextFrame, skip } from './frame.js';
import { decodeFieldSection, encodeFieldSection } from './qpack.js';
import type { Field } from './qpack.js';
import type { ByteSource, StreamReader } from './stream-reader.js';

/** A HEADERS frame. */
export function encodeHeaders(fields: readonly Field[]): Uint8Array {
  return encodeFrame(HEADERS, encodeFieldSection(fields));
}

/**
 * Reads the fields with which a message begins; `undefined` if they are larger than `maxBytes`, which the answer then says.
 * Throws {@link Http3Error} for a message that begins otherwise.
 */
export async function readHeaders(
  reader: StreamReader,
  maxBytes: number,
  firstType?: number,
): Promise<readonly Field[] | undefined> {
  const frame = await nextFrame(reader, [HEADERS], firstType);
  if (frame === undefined) throw new Http3Error('stream', H3_FRAME_UNEXPECTED, 'a message without fields');
  if (frame.length > maxBytes) return undefined;
  return decodeFieldSection(await reader.exactly(frame.length), maxBytes);
}

/** The payload of the DATA frames that follow, as one sequence of bytes; it ends with the stream, or with trailers. */
export class DataFrames implements ByteSource {
  readonly #reader: StreamReader;
  readonly #maxTrailerBytes: number;
  #left = 0;
  #trailers = false;

  constructor(reader: StreamReader, maxTrailerBytes: number) {
    this.#reader = reader;
    this.#maxTrailerBytes = maxTrailerBytes;
  }

  async read(): Promise<Uint8Array | undefined> {
    while (this.#left === 0) {
      const frame = await nextFrame(this.#reader, this.#trailers ? [] : [DATA, HEADERS]);
      if (frame === undefined) return undefined;
      if (frame.type === HEADERS) await this.#skipTrailers(frame.length);
      else this.#left = frame.length;
    }
    const bytes = await this.#reader.some(this.#left);
    // A frame that the stream cuts short is an error of the frame layer.
    if (bytes === undefined) await skip(this.#reader, this.#left);
    this.#left -= bytes?.length ?? this.#left;
    return bytes;
  }

  async #skipTrailers(length: number): Promise<void> {
    if (length > this.#maxTrailerBytes)
      throw new Http3Error('stream', H3_EXCESSIVE_LOAD, `trailers of ${length} bytes`);
    await skip(this.#reader, length);
    this.#trailers = true;
  }
}

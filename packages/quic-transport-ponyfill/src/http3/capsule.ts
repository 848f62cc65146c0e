// Capsules of the CONNECT stream (RFC 9297, section 3.2): those that end a WebTransport session, or ask for its end.
import { H3_MESSAGE_ERROR, Http3Error } from './error-code.js';
import type { ByteSource } from './stream-reader.js';
import { StreamReader } from './stream-reader.js';
import { concatBytes, encodeVarint } from './varint.js';

const WT_CLOSE_SESSION = 0x2843;
const WT_DRAIN_SESSION = 0x78ae;
/** Longest reason of a close, in bytes (draft-ietf-webtrans-http3, section 6). */
export const MAX_REASON_BYTES = 1024;

/** What a capsule says. */
export type Capsule =
  | { readonly type: 'close'; readonly closeCode: number; readonly reason: string }
  | { readonly type: 'drain' };

/** The code of 32 bits and the reason, cut to {@link MAX_REASON_BYTES} at the border of a character. */
export function encodeCloseCapsule(closeCode: number, reason: string): Uint8Array {
  const text = cutUtf8(new TextEncoder().encode(reason), MAX_REASON_BYTES);
  const code = new Uint8Array(4);
  new DataView(code.buffer).setUint32(0, closeCode);
  return concatBytes(encodeVarint(WT_CLOSE_SESSION), encodeVarint(4 + text.length), code, text);
}

/** Asks the peer to end the session soon. */
export function encodeDrainCapsule(): Uint8Array {
  return concatBytes(encodeVarint(WT_DRAIN_SESSION), encodeVarint(0));
}

function cutUtf8(bytes: Uint8Array, size: number): Uint8Array {
  if (bytes.length <= size) return bytes;
  let end = size;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end);
}

/**
 * Reads capsules, skipping unknown ones, until the stream ends; `undefined` then. Throws {@link Http3Error} (stream) for a
 * malformed one.
 */
export class CapsuleReader {
  readonly #reader: StreamReader;

  constructor(source: ByteSource) {
    this.#reader = new StreamReader(source);
  }

  async next(): Promise<Capsule | undefined> {
    for (;;) {
      const type = await this.#field();
      if (type === undefined) return undefined;
      const length = (await this.#field()) ?? -1;
      if (type === WT_CLOSE_SESSION) {
        if (length < 4 || length > 4 + MAX_REASON_BYTES) throw malformed(`a close capsule of ${length} bytes`);
        return decodeClose(await this.#exactly(length));
      }
      if (type === WT_DRAIN_SESSION) {
        if (length !== 0) throw malformed(`a drain capsule of ${length} bytes`);
        return { type: 'drain' };
      }
      await this.#skip(length);
    }
  }

  async #field(): Promise<number | undefined> {
    try {
      return await this.#reader.varint();
    } catch (error) {
      throw error instanceof Http3Error ? malformed('the stream ends within a capsule') : error;
    }
  }

  async #exactly(length: number): Promise<Uint8Array> {
    const payload = new Uint8Array(length);
    for (let offset = 0; offset < length;) {
      const piece = await this.#reader.some(length - offset);
      if (piece === undefined) throw malformed('the stream ends within a capsule');
      payload.set(piece, offset);
      offset += piece.length;
    }
    return payload;
  }

  async #skip(length: number): Promise<void> {
    if (length < 0) throw malformed('the stream ends within a capsule');
    for (let left = length; left > 0;) {
      const piece = await this.#reader.some(left);
      if (piece === undefined) throw malformed('the stream ends within a capsule');
      left -= piece.length;
    }
  }
}

function decodeClose(payload: Uint8Array): Capsule {
  const closeCode = new DataView(payload.buffer, payload.byteOffset).getUint32(0);
  try {
    return { type: 'close', closeCode, reason: new TextDecoder('utf-8', { fatal: true }).decode(payload.subarray(4)) };
  } catch {
    throw malformed('the reason of a close capsule is not UTF-8');
  }
}

function malformed(message: string): Http3Error {
  return new Http3Error('stream', H3_MESSAGE_ERROR, message);
}

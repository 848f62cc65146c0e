// Frames of HTTP/3 (RFC 9114, section 7) and types of unidirectional streams (section 6.2).
import { H3_FRAME_ERROR, H3_FRAME_UNEXPECTED, Http3Error } from './error-code.js';
import type { StreamReader } from './stream-reader.js';
import { concatBytes, encodeVarint } from './varint.js';

export const DATA = 0x00;
export const HEADERS = 0x01;
export const CANCEL_PUSH = 0x03;
export const SETTINGS = 0x04;
export const PUSH_PROMISE = 0x05;
export const GOAWAY = 0x07;
export const MAX_PUSH_ID = 0x0d;
/** First bytes of a bidirectional WebTransport stream: a frame type that has no length (draft-ietf-webtrans-http3, section 4.3). */
export const WT_STREAM = 0x41;

export const CONTROL_STREAM = 0x00;
export const PUSH_STREAM = 0x01;
export const QPACK_ENCODER_STREAM = 0x02;
export const QPACK_DECODER_STREAM = 0x03;
/** Type of a unidirectional WebTransport stream (draft-ietf-webtrans-http3, section 4.2). */
export const WT_UNI_STREAM = 0x54;

/** Frame types that have their place, and those of HTTP/2 that have none (RFC 9114, section 7.2.8). */
const ELSEWHERE: readonly number[] = [
  DATA,
  HEADERS,
  CANCEL_PUSH,
  SETTINGS,
  PUSH_PROMISE,
  GOAWAY,
  MAX_PUSH_ID,
  0x02,
  0x06,
  0x08,
  0x09,
];

/** What stands before the payload of a frame. */
export interface FrameHeader {
  readonly type: number;
  /** Bytes of the payload that follow. */
  readonly length: number;
}

/** A frame: type, length, payload. */
export function encodeFrame(type: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  return concatBytes(encodeVarint(type), encodeVarint(payload.length), payload);
}

/** Reads the rest of a frame's header, after its type. */
export async function frameLength(reader: StreamReader): Promise<number> {
  const length = await reader.varint();
  if (length === undefined) throw new Http3Error('connection', H3_FRAME_ERROR, 'the stream ends within a frame');
  return length;
}

/**
 * Reads the header of the next frame of the types that may come here, skipping those of unknown type (RFC 9114, section
 * 9). `undefined` at the end of the stream. Throws {@link Http3Error} (connection) for a type that belongs elsewhere.
 *
 * @param firstType the type, if it was read already
 */
export async function nextFrame(
  reader: StreamReader,
  allowed: readonly number[],
  firstType?: number,
): Promise<FrameHeader | undefined> {
  for (let known = firstType; ; known = undefined) {
    const type = known ?? (await reader.varint());
    if (type === undefined) return undefined;
    if (type === WT_STREAM) throw new Http3Error('connection', H3_FRAME_ERROR, 'a WebTransport stream within a stream');
    if (ELSEWHERE.includes(type) && !allowed.includes(type)) {
      throw new Http3Error('connection', H3_FRAME_UNEXPECTED, `a frame of type ${type} must not come here`);
    }
    const length = await frameLength(reader);
    if (allowed.includes(type)) return { type, length };
    await skip(reader, length);
  }
}

/** Reads and drops `length` bytes. */
export async function skip(reader: StreamReader, length: number): Promise<void> {
  for (let left = length; left > 0;) {
    const piece = await reader.some(left);
    if (piece === undefined) throw new Http3Error('connection', H3_FRAME_ERROR, 'the stream ends within a frame');
    left -= piece.length;
  }
}

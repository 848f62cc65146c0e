import { decodeError, encodeError, type FlotillaError } from '@flotilla/errors';
import { HELLO_BYTES_MAX } from '../format-constants.js';

/** `FLTR`: what stands before the error of a refusal. */
const MAGIC: readonly number[] = [0x46, 0x4c, 0x54, 0x52];

/** Why the other side's hello is not accepted: four bytes `FLTR`, then the encoded error. At most 4 KiB; never throws. */
export function encodeRefusal(error: unknown): Uint8Array {
  const encoded = encodeError(error, HELLO_BYTES_MAX - MAGIC.length);
  const bytes = new Uint8Array(MAGIC.length + encoded.length);
  bytes.set(MAGIC);
  bytes.set(encoded, MAGIC.length);
  return bytes;
}

/** The error of a refusal; `Internal` where it cannot be read. Never throws. */
export function decodeRefusal(bytes: Uint8Array): FlotillaError {
  const ours = MAGIC.every((byte, at) => bytes[at] === byte);
  return decodeError(ours ? bytes.subarray(MAGIC.length) : new Uint8Array(0));
}

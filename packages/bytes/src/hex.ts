import { MalformedBytes } from './malformed-bytes.js';

const DIGITS = '0123456789abcdef';

/** Lower-case hexadecimal text, two digits a byte. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += DIGITS.charAt(byte >>> 4) + DIGITS.charAt(byte & 15);
  return text;
}

/**
 * The bytes of hexadecimal text of either case.
 *
 * @throws {MalformedBytes} where the length is odd or a character is no hexadecimal digit.
 */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0) throw new MalformedBytes('hexadecimal text of odd length', text.length);
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (digitAt(text, 2 * i) << 4) | digitAt(text, 2 * i + 1);
  return bytes;
}

function digitAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  if (lower >= 97 && lower <= 102) return lower - 87;
  throw new MalformedBytes('not a hexadecimal digit', at);
}

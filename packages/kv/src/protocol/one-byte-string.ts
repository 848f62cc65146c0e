/**
 * Bytes as a string of one character a byte (code 0 to 255): compared by `<` it has the order of the bytes, and the engine
 * keeps it in one byte a character, on its own heap.
 */
export function toOneByteString(bytes: Uint8Array): string {
  const length = bytes.length;
  let text = '';
  let at = 0;
  for (; at + 8 <= length; at += 8) {
    text += String.fromCharCode(
      bytes[at] as number,
      bytes[at + 1] as number,
      bytes[at + 2] as number,
      bytes[at + 3] as number,
      bytes[at + 4] as number,
      bytes[at + 5] as number,
      bytes[at + 6] as number,
      bytes[at + 7] as number,
    );
  }
  for (; at < length; at++) text += String.fromCharCode(bytes[at] as number);
  return text;
}

/** The bytes of a one-byte string, from the character at `start` on. */
export function fromOneByteString(text: string, start: number = 0): Uint8Array {
  const bytes = new Uint8Array(text.length - start);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(start + i);
  return bytes;
}

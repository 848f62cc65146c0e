const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The UTF-8 bytes of `text`; a lone surrogate becomes U+FFFD. */
export function utf8Encode(text: string): Uint8Array {
  return encoder.encode(text);
}

/**
 * The text of UTF-8 bytes; a byte order mark is kept.
 *
 * @throws {TypeError} where the bytes are not UTF-8.
 */
export function utf8Decode(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

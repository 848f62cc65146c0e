// The Huffman code of header strings (RFC 7541, appendix B). The code is canonical: codes of one length are consecutive and
// in the order of their symbols, so that the lengths say all.

/** Length in bits of the code of each byte value; the last is that of the end-of-string symbol. */
const CODE_LENGTHS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6,
  5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23,
  22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22,
  23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26,
  20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27,
  27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27,
  27, 27, 27, 26, 30,
];
const END_OF_STRING = 256;
const LONGEST = 30;

/** For each length: how many codes have it. */
const counts = Array.from(
  { length: LONGEST + 1 },
  (_, length) => CODE_LENGTHS.filter((other) => other === length).length,
);
/** Symbols in the order of their codes. */
const symbols = CODE_LENGTHS.map((_, symbol) => symbol).toSorted(
  (left, right) => (CODE_LENGTHS[left] ?? 0) - (CODE_LENGTHS[right] ?? 0) || left - right,
);

/**
 * Decodes a Huffman-coded string. `undefined` if it is not one: an end-of-string symbol within, padding of more than seven
 * bits or of other bits than ones (RFC 7541, section 5.2).
 */
export function decodeHuffman(coded: Uint8Array): Uint8Array | undefined {
  // The shortest code has five bits.
  const decoded = new Uint8Array(Math.floor((coded.length * 8) / 5));
  let size = 0;
  // The bits read since the last symbol, and where among the codes of their length they stand.
  let length = 0;
  let code = 0;
  let first = 0;
  let index = 0;
  let ones = true;
  for (const byte of coded) {
    for (let shift = 7; shift >= 0; shift -= 1) {
      const bit = (byte >> shift) & 1;
      ones &&= bit === 1;
      length += 1;
      code = code * 2 + bit;
      first *= 2;
      const count = counts[length] ?? 0;
      if (code - first < count) {
        const symbol = symbols[index + code - first] ?? END_OF_STRING;
        if (symbol === END_OF_STRING) return undefined;
        decoded[size] = symbol;
        size += 1;
        length = 0;
        code = 0;
        first = 0;
        index = 0;
        ones = true;
      } else {
        first += count;
        index += count;
      }
    }
  }
  return length < 8 && ones ? decoded.subarray(0, size) : undefined;
}

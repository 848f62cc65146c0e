/** The longest varint of a safe integer: eight groups of seven bits carry 53 bits. */
export const VARINT_BYTES_MAX = 8;

/** Bytes that `value`, a safe integer from 0 on, takes as a varint: 1 to 8. */
export function varintLength(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  if (value < 0x1000_0000) return 4;
  if (value < 0x8_0000_0000) return 5;
  if (value < 0x400_0000_0000) return 6;
  if (value < 0x2_0000_0000_0000) return 7;
  return 8;
}

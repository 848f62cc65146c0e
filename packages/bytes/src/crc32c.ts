const POLYNOMIAL_REFLECTED = 0x82f6_3b78;

/** Eight tables of 256: the first is the classic one, table k advances a byte by k more zero bytes (slicing by 8). */
const TABLES: Int32Array = makeTables();

function makeTables(): Int32Array {
  const tables = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ POLYNOMIAL_REFLECTED;
    tables[byte] = crc;
  }
  for (let at = 256; at < tables.length; at++) {
    const previous = tables[at - 256] ?? 0;
    tables[at] = (previous >>> 8) ^ (tables[previous & 0xff] ?? 0);
  }
  return tables;
}

/**
 * CRC-32C (Castagnoli; RFC 3720, appendix B.4) of the bytes in [start, end), as an unsigned 32-bit integer.
 *
 * Incremental: give the checksum of what came before as `previous`; 0 begins anew.
 * The check value of the nine bytes `123456789` is e3069283.
 */
export function crc32c(bytes: Uint8Array, previous: number = 0, start: number = 0, end: number = bytes.length): number {
  const t = TABLES;
  let crc = ~previous;
  let at = start;
  const wholeEnd = end - 7;
  while (at < wholeEnd) {
    const a =
      crc ^
      ((bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24));
    crc =
      (t[1792 + (a & 0xff)] as number) ^
      (t[1536 + ((a >>> 8) & 0xff)] as number) ^
      (t[1280 + ((a >>> 16) & 0xff)] as number) ^
      (t[1024 + (a >>> 24)] as number) ^
      (t[768 + (bytes[at + 4] as number)] as number) ^
      (t[512 + (bytes[at + 5] as number)] as number) ^
      (t[256 + (bytes[at + 6] as number)] as number) ^
      (t[bytes[at + 7] as number] as number);
    at += 8;
  }
  while (at < end) {
    crc = (crc >>> 8) ^ (t[(crc ^ (bytes[at] as number)) & 0xff] as number);
    at++;
  }
  return ~crc >>> 0;
}

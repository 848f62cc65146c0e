import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32c } from '@flotilla/bytes';

const SECTOR_BYTES = 512;
const HEADER_BYTES = 28;

/** Where a batch of the log stands in its segment, as docs/disk-format.md has it. */
export interface StoredBatch {
  readonly offset: number;
  readonly bytes: number;
  readonly sequence: number;
}

/** The newest segment of a server's log that holds batches, with all of them in order. */
export async function newestSegment(
  dataFolder: string,
): Promise<{ readonly path: string; readonly batches: readonly StoredBatch[]; readonly end: number }> {
  const folder = join(dataFolder, 'log-0');
  const names = (await readdir(folder)).filter((name) => name.startsWith('segment-')).toSorted();
  let found: { path: string; batches: StoredBatch[]; end: number; last: number } | undefined;
  for (const name of names) {
    const path = join(folder, name);
    const batches = await batchesOf(path);
    const last = batches.at(-1);
    if (last !== undefined && last.sequence > (found?.last ?? -1)) {
      found = { path, batches, end: last.offset + last.bytes, last: last.sequence };
    }
  }
  if (found === undefined) throw new Error(`no batch in ${folder}`);
  return found;
}

async function batchesOf(path: string): Promise<StoredBatch[]> {
  await using file = await open(path, 'r');
  const content = await file.readFile();
  const batches: StoredBatch[] = [];
  for (let offset = SECTOR_BYTES; offset + SECTOR_BYTES <= content.length;) {
    const isHeader = content.readUInt32LE(offset + 24) === crc32c(content, 0, offset, offset + 24);
    if (!isHeader || content.readUInt32LE(offset) === 0) break;
    const bytes = content.readUInt32LE(offset + 4) * SECTOR_BYTES;
    batches.push({ offset, bytes, sequence: Number(content.readBigUInt64LE(offset + 16)) });
    offset += bytes;
  }
  return batches;
}

/** Turns one bit of a file over, as a worn disk does. */
export async function flipBit(path: string, offset: number): Promise<void> {
  await using file = await open(path, 'r+');
  const byte = new Uint8Array(1);
  await file.read(byte, 0, 1, offset);
  byte[0] = (byte[0] ?? 0) ^ 0x10;
  await file.write(byte, 0, 1, offset);
}

/** Writes the beginning of a batch of two sectors behind the last one: the crash came before its second sector was written. */
export async function tearTail(path: string, end: number, sequence: number): Promise<void> {
  const sector = Buffer.alloc(SECTOR_BYTES, 0x55);
  sector.writeUInt32LE((sequence % 0xffff_ffff) + 1, 0);
  sector.writeUInt32LE(2, 4);
  sector.writeUInt32LE(600, 8);
  sector.writeUInt32LE(0x1234_5678, 12);
  sector.writeBigUInt64LE(BigInt(sequence), 16);
  sector.writeUInt32LE(crc32c(sector, 0, 0, 24), HEADER_BYTES - 4);
  await using file = await open(path, 'r+');
  await file.write(sector, 0, SECTOR_BYTES, end);
}

import { constants } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BLOCK_BYTES = 4_096;
const FILE_BLOCKS = 1_024;

/** Durable writes a second that the disk does, one after the other, 4 KiB each. */
export interface DiskRates {
  /** Into zeroed, preallocated space, data-synchronous: the best that a log can have. */
  readonly overwrite: number;
  /** Appended, then synced. */
  readonly append: number;
}

/** Measures the disk below the temporary folder, each way for `seconds`. */
export async function measureDisk(seconds: number): Promise<DiskRates> {
  const folder = await mkdtemp(join(tmpdir(), 'flotilla-bench-disk-'));
  try {
    return {
      overwrite: await overwriteRate(join(folder, 'overwrite'), seconds),
      append: await appendRate(join(folder, 'append'), seconds),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function overwriteRate(path: string, seconds: number): Promise<number> {
  const whole = await open(path, 'w');
  await whole.write(Buffer.alloc(BLOCK_BYTES * FILE_BLOCKS));
  await whole.sync();
  await whole.close();
  const file = await open(path, constants.O_RDWR | constants.O_DSYNC);
  const block = Buffer.alloc(BLOCK_BYTES, 1);
  const rate = await ratePerSecond(seconds, async (turn) => {
    await file.write(block, 0, BLOCK_BYTES, (turn % FILE_BLOCKS) * BLOCK_BYTES);
  });
  await file.close();
  return rate;
}

async function appendRate(path: string, seconds: number): Promise<number> {
  const file = await open(path, 'w');
  const block = Buffer.alloc(BLOCK_BYTES, 1);
  const rate = await ratePerSecond(seconds, async (turn) => {
    await file.write(block, 0, BLOCK_BYTES, turn * BLOCK_BYTES);
    await file.datasync();
  });
  await file.close();
  return rate;
}

async function ratePerSecond(seconds: number, write: (turn: number) => Promise<void>): Promise<number> {
  const begin = performance.now();
  let turns = 0;
  while (performance.now() - begin < seconds * 1_000) await write(turns++);
  return turns / ((performance.now() - begin) / 1_000);
}

import type { Files } from '../files.js';
import { readBatchHeader, retag } from './batch-frame.js';
import type { FoundLog } from './recovery.js';
import { SegmentReader } from './segment-reader.js';
import type { SegmentFiles } from './segment-files.js';
import type { SegmentSupply } from './segment-supply.js';

const PIECE_BYTES = 256 * 1024;

/**
 * Makes durable what recovery relies on, before anyone else does. A process that died may have left in the kernel's cache what never
 * reached the disk: the batch that was in flight, a header, a name. Reading it back proves nothing, and neither does syncing
 * where a sync failed before; so it is written again, in place. Then the torn batch, if there is one, is zeroed away,
 * and spare segments are put in order.
 *
 * Everything here may be cut short and done again.
 */
export async function restoreLog(
  files: Files,
  folder: string,
  segmentFiles: SegmentFiles,
  supply: SegmentSupply,
  found: FoundLog,
): Promise<void> {
  await files.syncFolder(folder);
  for (const segment of found.chain) await segmentFiles.label(segment, segment.header);
  await rewriteLastBatch(found);
  await zeroTorn(found);
  for (const segment of found.spare) await supply.release(segment);
  for (const path of found.unborn) await files.remove(path);
  if (found.unborn.length > 0) await files.syncFolder(folder);
}

async function rewriteLastBatch({ lastBatch }: FoundLog): Promise<void> {
  if (lastBatch === undefined || lastBatch.segment.header.state !== 'log') return;
  const { segment, position } = lastBatch;
  const reader = new SegmentReader(segment.handle, segment.end);
  const bytes = await reader.fill(position, segment.end - position);
  const header = readBatchHeader(bytes);
  if (header !== undefined) retag(header, bytes);
  await segment.handle.writeAt(position, bytes);
}

async function zeroTorn({ chain, activeAt, tornTo }: FoundLog): Promise<void> {
  const active = chain[activeAt];
  if (active === undefined || tornTo === undefined) return;
  const zeros = new Uint8Array(Math.min(PIECE_BYTES, tornTo - active.end));
  for (let at = active.end; at < tornTo; at += zeros.length) {
    await active.handle.writeAt(at, zeros.subarray(0, Math.min(zeros.length, tornTo - at)));
  }
}

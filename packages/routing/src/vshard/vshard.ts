import { crc32c } from '@flotilla/bytes';
import { FlotillaError } from '@flotilla/errors';

/** How many vShards a cluster has. Fixed for good: it is in every routing table and decides where each key lives. */
export const VSHARD_COUNT = 1024;

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * The vShard of a key: CRC32C of its hash tag modulo 1024. The hash tag is what stands in the first `{` … `}` where that
 * is not empty, else the whole key; keys with one tag live together.
 */
export function vshardOfKey(key: Uint8Array): number {
  const open = key.indexOf(OPEN_BRACE);
  if (open >= 0) {
    const close = key.indexOf(CLOSE_BRACE, open + 1);
    if (close > open + 1) return crc32c(key, 0, open + 1, close) % VSHARD_COUNT;
  }
  return crc32c(key) % VSHARD_COUNT;
}

/**
 * The map of a fresh cluster: vShard i belongs to group 1 + (i mod `dataGroups`). Group 0 owns none.
 *
 * @throws {FlotillaError} InvalidArgument unless there are 1 to 1,024 data groups.
 */
export function uniformVshardMap(dataGroups: number): number[] {
  if (!Number.isInteger(dataGroups) || dataGroups < 1 || dataGroups > VSHARD_COUNT) {
    throw new FlotillaError('InvalidArgument', {
      message: `${dataGroups} data groups cannot share ${VSHARD_COUNT} vShards: give a number from 1 to ${VSHARD_COUNT}`,
      details: { argument: 'dataGroups', reason: `not an integer from 1 to ${VSHARD_COUNT}` },
    });
  }
  return Array.from({ length: VSHARD_COUNT }, (_, vshard) => 1 + (vshard % dataGroups));
}

import type { PlantedBug } from '../planted-bug.js';

/** NATS: damage that is served. */
export const batchChecksumNotVerified: PlantedBug = {
  name: 'batch-checksum-not-verified',
  classes: ['row 20'],
  seen: 'NATS: damage that is served',
  patches: [
    {
      file: 'packages/storage/src/segmented-log/batch-frame.ts',
      find: '  return crc32c(bytes, 0, BATCH_HEADER_BYTES, bytes.length) === header.checksum;',
      replace: '  return crc32c(bytes, 0, BATCH_HEADER_BYTES, BATCH_HEADER_BYTES) === 0 && header.sequence > 0;',
    },
  ],
  breaks: 'Flipped bits are replayed as commands.',
  expected: ['log-matching', 'equal-state', 'promises-kept'],
  focus: ['bit-flip', 'garbled-write', 'kill', 'restart'],
};

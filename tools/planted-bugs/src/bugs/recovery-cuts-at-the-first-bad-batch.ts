import type { PlantedBug } from '../planted-bug.js';

/** NATS: one bit on one of five nodes; PAR. */
export const recoveryCutsAtTheFirstBadBatch: PlantedBug = {
  name: 'recovery-cuts-at-the-first-bad-batch',
  classes: ['row 20'],
  seen: 'NATS: one bit on one of five nodes; PAR',
  patches: [
    {
      file: 'packages/storage/src/segmented-log/log-scan.ts',
      find: [
        '      if (firstZeroSector(bytes) < 0)',
        '        throw corrupt(reader.path, position, `the checksum of batch ${sequence + 1} differs`);',
        '',
      ].join('\n'),
      replace: [
        '      if (firstZeroSector(bytes) < 0)',
        '        return { end: position, lastSequence: sequence, batches, tornTo: undefined, mendedAt: undefined };',
        '',
      ].join('\n'),
    },
  ],
  breaks: 'A damaged batch and all behind it are cut off silently, and the replica votes without what it acknowledged.',
  expected: ['promises-kept', 'committed-on-quorum'],
  crashPoints: 'flips',
};

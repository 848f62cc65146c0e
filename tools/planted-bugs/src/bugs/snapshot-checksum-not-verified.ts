import type { PlantedBug } from '../planted-bug.js';

/** jepsen.etcd, bitflip-snap. */
export const snapshotChecksumNotVerified: PlantedBug = {
  name: 'snapshot-checksum-not-verified',
  classes: ['row 20'],
  seen: 'jepsen.etcd, bitflip-snap',
  patches: [
    {
      file: 'packages/storage/src/snapshots/file-snapshot-store.ts',
      find: ['        if (at === snapshot.size && checksum !== snapshot.checksum) break;', ''].join('\n'),
      replace: '',
    },
    {
      file: 'packages/storage/src/snapshots/file-snapshot-store.ts',
      find: [
        "      if (checksum !== snapshot.checksum) throw corrupt(path, file.contentAt, 'the checksum of its content differs');",
        '',
      ].join('\n'),
      replace: '',
    },
  ],
  breaks:
    'A snapshot with flipped bits is restored where the state machine has no checksum of its own: sessions and group 0.',
  expected: ['equal-state'],
  crashPoints: 'flips',
};

import type { PlantedBug } from '../planted-bug.js';

/** A compaction under a snapshot that is being written. */
export const pinsDoNotHoldCompaction: PlantedBug = {
  name: 'pins-do-not-hold-compaction',
  classes: ['kv', 'row 8'],
  seen: 'A compaction under a snapshot that is being written',
  patches: [
    {
      file: 'packages/kv/src/store/kv-store.ts',
      find: ['    for (const pin of this.#pins) floor = Math.min(floor, pin.revision);', ''].join('\n'),
      replace: '',
    },
  ],
  breaks: 'A snapshot lacks versions that were dropped while it was written.',
  expected: ['equal-state'],
  scenario: 'compaction-under-a-snapshot',
};

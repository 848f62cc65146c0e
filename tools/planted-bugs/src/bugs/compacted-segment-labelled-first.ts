import type { PlantedBug } from '../planted-bug.js';

/** A compacted segment counts before its content is there. */
export const compactedSegmentLabelledFirst: PlantedBug = {
  name: 'compacted-segment-labelled-first',
  classes: ['row 8', 'row 11'],
  seen: 'A compacted segment counts before its content is there',
  patches: [
    {
      file: 'packages/storage/src/segmented-log/log-compactor.ts',
      find: ['    for (const source of plan.sources) await supply.release(source);', '    this.#runs++;'].join('\n'),
      replace: [
        '    for (const source of plan.sources) await supply.release(source);',
        "    await files.label(target, { state: 'free' });",
        '    this.#runs++;',
      ].join('\n'),
    },
  ],
  breaks: 'The compacted segment is taken for free: what it holds is gone at the next start.',
  expected: ['node-recovers'],
};

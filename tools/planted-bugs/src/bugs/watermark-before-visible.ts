import type { PlantedBug } from '../planted-bug.js';

/** The applied index moved before the effects are there. */
export const watermarkBeforeVisible: PlantedBug = {
  name: 'watermark-before-visible',
  classes: ['row 22', 'SEMANTICS watermark'],
  seen: 'The applied index moved before the effects are there',
  patches: [
    {
      file: 'packages/cluster/src/group/committed-delivery.ts',
      find: ['    const results = machine.apply(entries);', '    invariant('].join('\n'),
      replace: ['    this.#visible(last);', '    const results = machine.apply(entries);', '    invariant('].join('\n'),
    },
  ],
  breaks: 'Reads that wait for an index are served before its command was applied.',
  expected: ['linearizability', 'applied-watermark'],
};

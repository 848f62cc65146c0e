import type { PlantedBug } from '../planted-bug.js';

/** etcd #18055: a snapshot while entries wait. */
export const appliesKeptAtInstall: PlantedBug = {
  name: 'applies-kept-at-install',
  classes: ['row 11', 'row 12'],
  seen: 'etcd #18055: a snapshot while entries wait',
  patches: [
    {
      file: 'packages/cluster/src/group/group.ts',
      find: [
        '      for (const work of this.#applies.takeAll()) for (const response of work.responses) this.raw.step(response);',
        '',
      ].join('\n'),
      replace: '',
    },
  ],
  breaks: 'Commands that the snapshot holds are delivered behind it once more.',
  expected: ['no-stopped-group', 'state-machine-safety'],
};

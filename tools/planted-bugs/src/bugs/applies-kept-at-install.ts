import type { PlantedBug } from '../planted-bug.js';

/** etcd #18055: a snapshot while entries wait. */
export const appliesKeptAtInstall: PlantedBug = {
  name: 'applies-kept-at-install',
  classes: ['row 11', 'row 12'],
  seen: 'etcd #18055: a snapshot while entries wait',
  patches: [
    {
      file: 'packages/cluster/src/group/committed-delivery.ts',
      find: '    return this.#queue.takeAll().flatMap(({ responses }) => responses);',
      replace: '    return [];',
    },
  ],
  breaks: 'Commands that the snapshot holds are delivered behind it once more.',
  expected: ['no-stopped-group', 'state-machine-safety'],
  scenario: 'snapshot-over-waiting-entries',
};

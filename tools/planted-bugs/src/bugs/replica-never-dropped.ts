import type { PlantedBug } from '../planted-bug.js';

/** Dragonboat: its check for zombie replicas. */
export const replicaNeverDropped: PlantedBug = {
  name: 'replica-never-dropped',
  classes: ['row 25'],
  seen: 'Dragonboat: its check for zombie replicas',
  patches: [
    {
      file: 'packages/cluster/src/membership/replica-keeper.ts',
      find: '    return !belongsTo(state, group, this.#options.host.nodeId);',
      replace: '    return group < 0 && !belongsTo(state, group, this.#options.host.nodeId);',
    },
  ],
  breaks: 'A replica that was taken out of its group stays on its node for ever.',
  expected: ['no-zombie'],
  scenario: 'joint-without-the-old-half',
};

import type { PlantedBug } from '../planted-bug.js';

/** SEMANTICS: versions of topology and routing only grow. */
export const staleViewAccepted: PlantedBug = {
  name: 'stale-view-accepted',
  classes: ['SEMANTICS topology'],
  seen: 'SEMANTICS: versions of topology and routing only grow',
  patches: [
    {
      file: 'packages/cluster/src/metadata/cluster-view.ts',
      find: '    if (state.index <= this.#state.index || state.clusterId === undefined) return false;',
      replace: '    if (state.index === this.#state.index || state.clusterId === undefined) return false;',
    },
  ],
  breaks: 'What is known of the cluster goes back to what a node behind pushes.',
  expected: ['cluster-view'],
};

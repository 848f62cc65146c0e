import type { PlantedBug } from '../planted-bug.js';

/** SEMANTICS: no data group settles above RF voters. */
export const dataGroupAboveItsReplicationFactor: PlantedBug = {
  name: 'data-group-above-its-replication-factor',
  classes: ['SEMANTICS placement'],
  seen: 'SEMANTICS: no data group settles above RF voters',
  patches: [
    {
      file: 'packages/routing/src/placement/join-placement.ts',
      find: '    } else if (votersToBe(topology, placement) < votersMax(placement.group, input.replicationFactor)) {',
      replace:
        '    } else if (votersToBe(topology, placement) <= votersMax(placement.group, input.replicationFactor)) {',
    },
    {
      file: 'packages/cluster/src/membership/promotion-policy.ts',
      find: '    if (leaving.length === 0 && conf.voters.length >= votersMax(group, state.replicationFactor)) return undefined;',
      replace: '    if (conf.voters.length > votersMax(group, state.replicationFactor)) return undefined;',
    },
  ],
  breaks: 'A fourth node becomes a voter of groups that should have three.',
  expected: ['replication-factor'],
};

import type { PlantedBug } from '../planted-bug.js';

/** YugaByte: reads under a lease and skewed clocks. */
export const leaseReadsTrustClocks: PlantedBug = {
  name: 'lease-reads-trust-clocks',
  classes: ['row 4'],
  seen: 'YugaByte: reads under a lease and skewed clocks',
  patches: [
    {
      file: 'packages/cluster/src/group/group-core.ts',
      find: "    readOnly: 'safe',",
      replace: "    readOnly: rules.checkQuorum ? 'lease-based' : 'safe',",
    },
  ],
  breaks: 'A leader that was frozen, or whose clock runs slowly, serves reads after another was elected.',
  expected: ['linearizability'],
};

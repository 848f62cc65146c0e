import type { PlantedBug } from '../planted-bug.js';

/** SEMANTICS: the smallest seed bootstraps, the others join. */
export const eachSeedFoundsACluster: PlantedBug = {
  name: 'each-seed-founds-a-cluster',
  classes: ['SEMANTICS bootstrap'],
  seen: 'SEMANTICS: the smallest seed bootstraps, the others join',
  patches: [
    {
      file: 'packages/cluster/src/bootstrap/start-decision.ts',
      find: "  if (facts.voter && (isOwn(seeds[0]) || (facts.forceBootstrap && seeds.some(isOwn)))) return { kind: 'bootstrap' };",
      replace: "  if (facts.voter && seeds.some(isOwn)) return { kind: 'bootstrap' };",
    },
  ],
  breaks: 'Nodes with one list of seeds found clusters of their own.',
  expected: ['one-cluster-id'],
};

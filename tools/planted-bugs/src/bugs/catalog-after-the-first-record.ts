import type { PlantedBug } from '../planted-bug.js';

/** SEMANTICS: the catalog is saved before a group's first record. */
export const catalogAfterTheFirstRecord: PlantedBug = {
  name: 'catalog-after-the-first-record',
  classes: ['SEMANTICS catalog'],
  seen: "SEMANTICS: the catalog is saved before a group's first record",
  patches: [
    {
      file: 'packages/cluster/src/membership/replica-keeper.ts',
      find: [
        '      await this.#change(group, { group, worker, incarnation, founders: undefined, established: false });',
        '      this.#options.host.openReplica({ group, worker, incarnation, voters, learners });',
      ].join('\n'),
      replace: [
        '      this.#options.host.openReplica({ group, worker, incarnation, voters, learners });',
        '      await this.#change(group, { group, worker, incarnation, founders: undefined, established: false });',
      ].join('\n'),
    },
  ],
  breaks:
    'A crash in between leaves a log of a group that nobody claims: what it acknowledged is dropped at the next start.',
  expected: ['promises-kept', 'crash-points'],
  scenario: 'crash-while-a-replica-opens',
};

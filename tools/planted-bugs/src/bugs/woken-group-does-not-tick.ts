import type { PlantedBug } from '../planted-bug.js';

/** A group that is woken and whose clock is not. */
export const wokenGroupDoesNotTick: PlantedBug = {
  name: 'woken-group-does-not-tick',
  classes: ['idle groups'],
  seen: 'A group that is woken and whose clock is not',
  patches: [
    {
      file: 'packages/cluster/src/multi-raft/group-set.ts',
      find: '    else this.#ticking.add(group);',
      replace: '    else if (group.isLeader) this.#ticking.add(group);',
    },
  ],
  breaks: 'Followers that were woken have no clock: they elect nobody when their leader is gone.',
  expected: ['stuck', 'liveness'],
};

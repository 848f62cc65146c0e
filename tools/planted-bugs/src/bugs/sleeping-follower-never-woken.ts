import type { PlantedBug } from '../planted-bug.js';

/** CockroachDB: a quiesced follower whose leader died. */
export const sleepingFollowerNeverWoken: PlantedBug = {
  name: 'sleeping-follower-never-woken',
  classes: ['idle groups'],
  seen: 'CockroachDB: a quiesced follower whose leader died',
  patches: [
    {
      file: 'packages/cluster/src/group/group-clock.ts',
      find: ['    if (!raw.quiesced || !this.#concerns(node)) return false;', '    raw.wake();'].join('\n'),
      replace: [
        '    if (!raw.quiesced || raw.role !== Role.Leader || !this.#concerns(node)) return false;',
        '    raw.wake();',
      ].join('\n'),
    },
    {
      file: 'packages/cluster/src/group/group-clock.ts',
      find: [
        '    if (hosts === undefined || !this.#concerns(node)) return false;',
        '    if (raw.role === Role.Leader) return this.hostSuspected(node);',
      ].join('\n'),
      replace: [
        '    if (hosts === undefined || !this.#concerns(node)) return false;',
        '    if (raw.quiesced && raw.role === Role.Follower) return false;',
        '    if (raw.role === Role.Leader) return this.hostSuspected(node);',
      ].join('\n'),
    },
  ],
  breaks: "An idle group whose leader dies has no other for ever: nobody's clock runs.",
  expected: ['liveness'],
  scenario: 'idle-leader-dies',
};

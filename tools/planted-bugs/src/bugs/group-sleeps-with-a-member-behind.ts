import type { PlantedBug } from '../planted-bug.js';

/** CockroachDB: a range quiesced while a replica lags. */
export const groupSleepsWithAMemberBehind: PlantedBug = {
  name: 'group-sleeps-with-a-member-behind',
  classes: ['idle groups'],
  seen: 'CockroachDB: a range quiesced while a replica lags',
  patches: [
    {
      file: 'packages/cluster/src/group/group-clock.ts',
      find: '      if (raw.match(node) !== raw.lastIndex || hosts?.isAlive(node) !== true) {',
      replace: '      if (hosts?.isAlive(node) !== true) {',
    },
    {
      file: 'packages/cluster/src/group/group-clock.ts',
      find: ['      raw.commit === question.commit &&', '      this.#isIdle() &&', '      raw.quiesce()'].join('\n'),
      replace: '      raw.quiesce()',
    },
    {
      file: 'packages/cluster/src/group/group-clock.ts',
      find: 'answer.term !== question.term || answer.commit !== question.commit) return;',
      replace: 'answer.term !== question.term) return;',
    },
    {
      file: 'packages/raft-core/src/role/quiescence.ts',
      find: '  if (log.commit !== lastIndex || log.applied !== lastIndex || log.unstable.snapshot !== undefined) return false;',
      replace: '  if (log.unstable.snapshot !== undefined) return false;',
    },
    {
      file: 'packages/raft-core/src/role/quiescence.ts',
      find: '  return tracker.progress.every((progress: Progress) => progress.match === lastIndex);',
      replace: '  return tracker.progress.every((progress: Progress) => progress.match <= lastIndex);',
    },
  ],
  breaks: 'All clocks stop while a follower lacks entries, and nobody sends them.',
  expected: ['stuck', 'liveness'],
};

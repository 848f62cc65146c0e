import type { PlantedBug } from '../planted-bug.js';

/** RedisRaft #18, etcd #3879: reads before replay ends. */
export const staleReadDuringReplay: PlantedBug = {
  name: 'stale-read-during-replay',
  classes: ['row 22'],
  seen: 'RedisRaft #18, etcd #3879: reads before replay ends',
  patches: [
    {
      file: 'packages/kv/src/endpoint/reads.ts',
      find: [
        '      if (appliedIndex < commitIndex || !this.#options.leadership.known(group)) throw replaying(group, appliedIndex);',
        '',
      ].join('\n'),
      replace: ['      if (appliedIndex < 0 || commitIndex < 0) throw replaying(group, appliedIndex);', ''].join('\n'),
    },
  ],
  breaks: 'A replica that was just started answers from a state that was long past before it stopped.',
  expected: ['read-your-replica', 'linearizability'],
};

import type { PlantedBug } from '../planted-bug.js';

/** etcd: a transaction's compare. */
export const compareOfModByCreate: PlantedBug = {
  name: 'compare-of-mod-by-create',
  classes: ['kv'],
  seen: "etcd: a transaction's compare",
  patches: [
    {
      file: 'packages/kv/src/store/command-execution.ts',
      find: ["    case 'mod':", '      return found.mod;'].join('\n'),
      replace: ["    case 'mod':", '      return found.create;'].join('\n'),
    },
  ],
  breaks: 'A compare-and-set by revision overwrites what it should have noticed.',
  expected: ['linearizability'],
};

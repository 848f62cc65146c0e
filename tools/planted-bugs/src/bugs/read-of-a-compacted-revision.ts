import type { PlantedBug } from '../planted-bug.js';

/** etcd: a read below the compaction point must fail. */
export const readOfACompactedRevision: PlantedBug = {
  name: 'read-of-a-compacted-revision',
  classes: ['kv'],
  seen: 'etcd: a read below the compaction point must fail',
  patches: [
    {
      file: 'packages/kv/src/store/kv-store.ts',
      find: [
        '    if (revision < this.#compactRevision) throw compacted(revision, this.#compactRevision);',
        '    return revision;',
      ].join('\n'),
      replace: '    return revision;',
    },
  ],
  breaks: 'A read of an old revision gives what compaction has left of it.',
  expected: ['old-revision-reads'],
};

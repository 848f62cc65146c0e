import type { PlantedBug } from '../planted-bug.js';

/** etcd: a watch must be reliable and resumable. */
export const watchGoesOnOneEventLate: PlantedBug = {
  name: 'watch-goes-on-one-event-late',
  classes: ['SEMANTICS watch'],
  seen: 'etcd: a watch must be reliable and resumable',
  patches: [
    {
      file: 'packages/kv/src/watch/watch-hub.ts',
      find: '      watcher.position = store.history.seek(next);',
      replace: '      watcher.position = store.history.seek(next + 1);',
    },
  ],
  breaks: 'After a snapshot was installed a watcher misses a revision.',
  expected: ['watch'],
};

import type { PlantedBug } from '../planted-bug.js';

/** RedisRaft #43; any file that gets its name before its content. */
export const snapshotRenamedBeforeSync: PlantedBug = {
  name: 'snapshot-renamed-before-sync',
  classes: ['row 11'],
  seen: 'RedisRaft #43; any file that gets its name before its content',
  patches: [
    {
      file: 'packages/storage/src/snapshots/file-snapshot-writer.ts',
      find: ['      await this.#note(true);', '      await handle.sync();', ''].join('\n'),
      replace: ['      await this.#note(true);', ''].join('\n'),
    },
  ],
  breaks: 'After a power failure the newest snapshot has its name and not its content.',
  expected: ['node-recovers'],
};

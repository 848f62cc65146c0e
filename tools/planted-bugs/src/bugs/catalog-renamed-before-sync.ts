import type { PlantedBug } from '../planted-bug.js';

/** A file that gets its name before its content. */
export const catalogRenamedBeforeSync: PlantedBug = {
  name: 'catalog-renamed-before-sync',
  classes: ['row 8'],
  seen: 'A file that gets its name before its content',
  patches: [
    {
      file: 'packages/storage/src/catalog/file-catalog.ts',
      find: ['      await handle.writeAt(0, bytes);', '      await handle.sync();', ''].join('\n'),
      replace: ['      await handle.writeAt(0, bytes);', ''].join('\n'),
    },
  ],
  breaks: 'After a power failure the catalog has its name and not its content.',
  expected: ['node-recovers'],
};

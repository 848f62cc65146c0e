import type { PlantedBug } from '../planted-bug.js';

/** NATS 2.12.1: a log that is synced now and then. */
export const logWrittenWithoutSync: PlantedBug = {
  name: 'log-written-without-sync',
  classes: ['row 7'],
  seen: 'NATS 2.12.1: a log that is synced now and then',
  patches: [
    {
      file: 'packages/storage/src/segmented-log/segment-files.ts',
      find: '    const handle = await this.#files.open(path, { create: true, dataSync: true });',
      replace: '    const handle = await this.#files.open(path, { create: true });',
    },
    {
      file: 'packages/storage/src/segmented-log/recovery.ts',
      find: '  const handle = await files.open(path, { dataSync: true });',
      replace: '  const handle = await files.open(path);',
    },
  ],
  breaks: 'A power failure takes away what was acknowledged.',
  expected: ['acknowledged-present', 'committed-on-quorum', 'monotonic-term'],
};

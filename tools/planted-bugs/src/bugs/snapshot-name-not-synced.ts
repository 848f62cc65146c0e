import type { PlantedBug } from '../planted-bug.js';

/** A rename that is taken for durable. */
export const snapshotNameNotSynced: PlantedBug = {
  name: 'snapshot-name-not-synced',
  classes: ['row 11'],
  seen: 'A rename that is taken for durable',
  patches: [
    {
      file: 'packages/storage/src/snapshots/file-snapshot-store.ts',
      find: [
        '        await this.#files.rename(`${this.#folder}/${partial}`, `${this.#folder}/${name}`);',
        '        await this.#files.syncFolder(this.#folder);',
      ].join('\n'),
      replace: '        await this.#files.rename(`${this.#folder}/${partial}`, `${this.#folder}/${name}`);',
    },
  ],
  breaks: 'After a power failure the log begins behind a snapshot that is not there.',
  expected: ['node-recovers'],
};

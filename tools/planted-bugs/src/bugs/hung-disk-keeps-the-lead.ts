import type { PlantedBug } from '../planted-bug.js';

/** hashicorp #503, #612: heartbeats flow while the disk stands still. */
export const hungDiskKeepsTheLead: PlantedBug = {
  name: 'hung-disk-keeps-the-lead',
  classes: ['3.6 stuck replication'],
  seen: 'hashicorp #503, #612: heartbeats flow while the disk stands still',
  patches: [
    {
      file: 'packages/cluster/src/raft-loop/disk-silence.ts',
      find: ['    this.#silent = stalls;', ''].join('\n'),
      replace: ['    this.#silent = stalls && this.#noRoom !== undefined;', ''].join('\n'),
    },
  ],
  breaks: 'A leader whose disk hangs keeps its followers, and commits nothing.',
  expected: ['liveness'],
  scenario: 'hung-disk',
};

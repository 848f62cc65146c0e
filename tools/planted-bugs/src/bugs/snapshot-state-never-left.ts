import type { PlantedBug } from '../planted-bug.js';

/** hashicorp #612, etcd/raft: a lost snapshot whose failure nobody hears of. */
export const snapshotStateNeverLeft: PlantedBug = {
  name: 'snapshot-state-never-left',
  classes: ['3.6 stuck replication'],
  seen: 'hashicorp #612, etcd/raft: a lost snapshot whose failure nobody hears of',
  patches: [
    {
      file: 'packages/raft-core/src/role/leader.ts',
      find: ['  if (peer.state !== ProgressState.Snapshot) return;', ''].join('\n'),
      replace: ['  if (peer.state !== ProgressState.Snapshot || !succeeded) return;', ''].join('\n'),
    },
  ],
  breaks: 'A follower whose snapshot broke off is sent nothing any more.',
  expected: ['liveness'],
  scenario: 'broken-snapshot',
};

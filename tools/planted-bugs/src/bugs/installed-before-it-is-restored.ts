import type { PlantedBug } from '../planted-bug.js';

/** The applied index of a snapshot before its state. */
export const installedBeforeItIsRestored: PlantedBug = {
  name: 'installed-before-it-is-restored',
  classes: ['row 8', 'row 11'],
  seen: 'The applied index of a snapshot before its state',
  patches: [
    {
      file: 'packages/cluster/src/raft-loop/loop-snapshots.ts',
      find: ['    const { keeper, pause } = this.#options;', ''].join('\n'),
      replace: [
        '    const { keeper, pause } = this.#options;',
        '    group.installed({ index: stored.index, term: stored.term, confState: stored.confState });',
        '',
      ].join('\n'),
    },
  ],
  breaks: 'Commands are applied to the state before the snapshot, and reads are served from it.',
  expected: ['equal-state', 'linearizability'],
};

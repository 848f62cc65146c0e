import type { PlantedBug } from '../planted-bug.js';

/** hashicorp #697, #704: a conflicting entry at the snapshot's index survives. */
export const logKeptAtInstall: PlantedBug = {
  name: 'log-kept-at-install',
  classes: ['row 11'],
  seen: "hashicorp #697, #704: a conflicting entry at the snapshot's index survives",
  patches: [
    {
      file: 'packages/cluster/src/group/group-log.ts',
      find: [
        '    this.#entries = [];',
        '    this.#resize(-this.#bytes);',
        '    this.#baseIndex = mark.index;',
        '    this.#baseTerm = mark.term;',
        '    this.#snapshot = mark;',
      ].join('\n'),
      replace: [
        '    if (this.lastIndex() <= mark.index) {',
        '      this.#entries = [];',
        '      this.#resize(-this.#bytes);',
        '      this.#baseIndex = mark.index;',
        '      this.#baseTerm = mark.term;',
        '    }',
        '    this.#snapshot = mark;',
      ].join('\n'),
    },
  ],
  breaks: "A follower's own tail, longer than the snapshot and in conflict with it, stays.",
  expected: ['log-matching', 'no-stopped-group'],
  scenario: 'snapshot-below-a-tail',
};

import type { PlantedBug } from '../planted-bug.js';

/** SEMANTICS: an epoch for each acquisition of group 0. */
export const epochNotRaised: PlantedBug = {
  name: 'epoch-not-raised',
  classes: ['SEMANTICS epoch'],
  seen: 'SEMANTICS: an epoch for each acquisition of group 0',
  patches: [
    {
      file: 'packages/cluster/src/metadata/apply-metadata.ts',
      find: '  return { ...state, epoch: state.epoch + 1, epochTerm: term };',
      replace: '  return { ...state, epoch: Math.max(state.epoch, 1), epochTerm: term };',
    },
  ],
  breaks: 'Two leaders of group 0 act under one epoch: commands of the former are not refused.',
  expected: ['cluster-epoch'],
};

import type { ConfState } from '@flotilla/raft-core';
import { idSet } from './node-id.js';

/** `voters=(1 2 3)&&(1) learners=(4) learners_next=(5) autoleave` */
export function describeConfiguration(configuration: ConfState): string {
  const { voters, votersOutgoing, learners, learnersNext, autoLeave } = configuration;
  let text = `voters=${idSet(voters)}`;
  if (votersOutgoing.length > 0) text += `&&${idSet(votersOutgoing)}`;
  if (learners.length > 0) text += ` learners=${idSet(learners)}`;
  if (learnersNext.length > 0) text += ` learners_next=${idSet(learnersNext)}`;
  if (autoLeave) text += ' autoleave';
  return text;
}

import type { ConfState, Snapshot } from '@flotilla/raft-core';
import { idList } from './node-id.js';

/** `Voters:[1 2] VotersOutgoing:[] Learners:[] LearnersNext:[] AutoLeave:false` */
export function describeConfState(state: ConfState): string {
  return (
    `Voters:${idList(state.voters)} VotersOutgoing:${idList(state.votersOutgoing)} ` +
    `Learners:${idList(state.learners)} LearnersNext:${idList(state.learnersNext)} AutoLeave:${state.autoLeave}`
  );
}

/** `Index:11 Term:1 ConfState:…` */
export function describeSnapshot({ index, term, confState }: Snapshot): string {
  return `Index:${index} Term:${term} ConfState:${describeConfState(confState)}`;
}

import { type ProgressStatus } from '@flotilla/raft-core';
import { progressStateName } from './names.js';

/** `StateReplicate match=14 next=17 paused inflight=2[full]` */
export function describeProgress(progress: ProgressStatus): string {
  const { state, match, next, learner, paused, pendingSnapshot, recentActive, inflight, inflightFull } = progress;
  let text = `${progressStateName(state)} match=${match} next=${next}`;
  if (learner) text += ' learner';
  if (paused) text += ' paused';
  if (pendingSnapshot > 0) text += ` pendingSnap=${pendingSnapshot}`;
  if (!recentActive) text += ' inactive';
  if (inflight > 0) text += ` inflight=${inflight}${inflightFull ? '[full]' : ''}`;
  return text;
}

/** A line for each peer: `2: StateProbe match=0 next=11`. */
export function describeProgressOfAll(all: readonly ProgressStatus[]): string {
  return all.map((progress) => `${progress.id}: ${describeProgress(progress)}\n`).join('');
}

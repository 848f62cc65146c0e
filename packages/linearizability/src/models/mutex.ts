import type { Model } from '../model/model.js';
import { show } from './show.js';

/** What is asked of a lock. `owner` is who asks: a process, a session. */
export interface MutexInput {
  readonly type: 'acquire' | 'release';
  readonly owner: string | number;
}

/** Whether it was granted: true or null for yes, false for a try that found it held, or a release by who does not hold it. */
export type MutexOutput = boolean | null;

/** Who holds it, null for nobody. */
export type MutexState = string | number | null;

/** A lock that one owner holds at a time and may not acquire twice. */
export function mutex(): Model<MutexState, MutexInput, MutexOutput> {
  return {
    name: 'mutex',
    init: null,
    step(state, { type, owner }, output) {
      const isGranted = type === 'acquire' ? state === null : state === owner;
      if (output !== undefined && (output ?? true) !== isGranted) return undefined;
      if (!isGranted) return state;
      return type === 'acquire' ? owner : null;
    },
    readOnly: (_, output) => output === false,
    describe: ({ type, owner }, output) => `${type} ${owner}${typeof output === 'boolean' ? ` → ${output}` : ''}`,
    describeState: show,
  };
}

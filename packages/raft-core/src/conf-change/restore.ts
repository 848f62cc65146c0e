import type { ConfState } from '../log/snapshot.js';
import type { ProgressTracker } from '../tracker/progress-tracker.js';
import { checkConfiguration, type ChangedConfiguration } from './changer.js';
import { sortedIds, type Configuration } from './configuration.js';

/**
 * The membership that a stored configuration or a snapshot describes, with nothing known of its members.
 * `lastIndex`: of this node's log. The configuration must be possible: see `isPossibleConfState`.
 */
export function restoreConfiguration(
  tracker: ProgressTracker,
  confState: ConfState,
  lastIndex: number,
): ChangedConfiguration {
  const configuration: Configuration = {
    voters: sortedIds(confState.voters),
    learners: sortedIds(confState.learners),
    votersOutgoing: sortedIds(confState.votersOutgoing),
    learnersNext: sortedIds(confState.learnersNext),
    autoLeave: confState.autoLeave,
  };
  const learners = new Set(configuration.learners);
  const ids = sortedIds([...configuration.voters, ...configuration.votersOutgoing, ...configuration.learners]);
  const next = Math.max(lastIndex, 1);
  const progress = ids.map((id) => tracker.newProgress(id, next, learners.has(id)));
  checkConfiguration(configuration, progress);
  return { ok: true, configuration, progress };
}

/** Whether a configuration from outside keeps the invariants of `Configuration`: ids are positive integers, and so on. */
export function isPossibleConfState(confState: ConfState): boolean {
  const { voters, learners, votersOutgoing, learnersNext } = confState;
  if (![voters, learners, votersOutgoing, learnersNext].every(isIdList)) return false;
  if (learners.some((id) => voters.includes(id) || votersOutgoing.includes(id))) return false;
  if (!learnersNext.every((id) => votersOutgoing.includes(id) && !voters.includes(id))) return false;
  if (votersOutgoing.length === 0) return learnersNext.length === 0 && !confState.autoLeave;
  return voters.length > 0;
}

function isIdList(ids: readonly number[]): boolean {
  return (
    Array.isArray(ids) && ids.every((id) => Number.isSafeInteger(id) && id > 0) && new Set(ids).size === ids.length
  );
}

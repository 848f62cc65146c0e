import type { GroupStatus } from '../group/group-status.js';
import type { LifecycleState } from '../lifecycle/lifecycle-state.js';
import { lifecycleDetail } from './node-report.js';
import type { ReadinessCheck } from './node-status.js';

/** What readiness is judged by. */
export interface ReadinessFacts {
  readonly lifecycle: LifecycleState;
  /** Why the pump or its disk stopped, or takes nothing more for want of room; undefined while it runs. */
  readonly failure: string | undefined;
  /** Group 0's index of what is known of the cluster; 0: nothing. */
  readonly metadataIndex: number;
  readonly groups: readonly GroupStatus[];
}

/** Named checks; a node is ready to serve when all are ok. */
export function readinessChecks(facts: ReadinessFacts): ReadinessCheck[] {
  const { lifecycle, failure, metadataIndex, groups } = facts;
  const stopped = groups.filter((status) => status.stopped !== undefined);
  const leaderless = groups.filter((status) => status.leader === undefined);
  return [
    {
      name: 'lifecycle',
      ok: lifecycle.phase === 'ready',
      detail: `${lifecycle.phase} ${lifecycleDetail(lifecycle)}`.trim(),
    },
    { name: 'storage', ok: failure === undefined, detail: failure ?? 'writing' },
    { name: 'metadata', ok: metadataIndex > 0, detail: `known up to index ${metadataIndex} of group 0` },
    {
      name: 'groups',
      ok: stopped.length === 0,
      detail: stopped.length === 0 ? `${groups.length} running` : `stopped: ${groupList(stopped)}`,
    },
    {
      name: 'leaders',
      ok: leaderless.length === 0,
      detail: leaderless.length === 0 ? 'all groups have one' : `none known for: ${groupList(leaderless)}`,
    },
  ];
}

function groupList(groups: readonly GroupStatus[]): string {
  return groups.map(({ group }) => group).join(', ');
}

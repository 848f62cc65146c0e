import { EMPTY_CONFIGURATION } from '@flotilla/raft-core';
import { expect, test } from 'vitest';
import type { GroupHost } from './group-host.js';
import { changeMembership } from './membership-changes.js';

/** The leader of a group of five voters, node 1, that hears of some of them; what it proposes is applied. */
function leaderThatHearsOf(...active: readonly number[]): { readonly host: GroupHost; readonly removed: number[] } {
  const removed: number[] = [];
  const confState = { ...EMPTY_CONFIGURATION, voters: [1, 2, 3, 4, 5] };
  const status = { role: 'leader', incarnation: 0, appliedIndex: 9, confState, quiescent: false };
  const host = {
    nodeId: 1,
    status: () => status,
    progress: () => new Map([2, 3, 4, 5].map((id) => [id, { match: 9, recentlyActive: active.includes(id) }])),
    proposeConfChange: (_: number, { nodeId }: { readonly nodeId: number }) => {
      removed.push(nodeId);
      return Promise.resolve({ group: 1, index: 10, term: 2, confState });
    },
  };
  return { host: host as unknown as GroupHost, removed };
}
const remove = (host: GroupHost, node: number): Promise<unknown> =>
  changeMembership(host, { group: 1, incarnation: 0, change: 'remove', node });

test('a voter that is heard of does not go while too few of the others are', async () => {
  const { host, removed } = leaderThatHearsOf(2, 3);
  await expect(remove(host, 2)).rejects.toMatchObject({
    code: 'QuorumLost',
    outcome: 'definite',
    details: { group: 1, reachable: 2, voters: 4 },
  });
  expect(removed).toEqual([]);
});

test('one that is gone may go, and so may any while a majority of the others is there', async () => {
  const few = leaderThatHearsOf(2, 3);
  await remove(few.host, 5);
  const many = leaderThatHearsOf(2, 3, 4);
  await remove(many.host, 4);
  expect([few.removed, many.removed]).toEqual([[5], [4]]);
});

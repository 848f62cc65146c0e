import { EMPTY_TOPOLOGY, type GroupPlacement, initialRoutingTable, withNode } from '@flotilla/routing';
import { VirtualWorld } from '@flotilla/runtime/virtual';
import { expect, test } from 'vitest';
import { EMPTY_METADATA, type MetadataState } from '../metadata/metadata-state.js';
import { PlacementDriver } from './placement-driver.js';

/** Two groups of three that both want a fourth voter; group 0 has not heard of anything yet. */
function unchangedState(): MetadataState {
  let topology = EMPTY_TOPOLOGY;
  for (const id of [1, 2, 3, 4]) {
    topology = withNode(topology, {
      id,
      name: undefined,
      addresses: [],
      state: 'active',
      incarnation: String(id).repeat(16),
      voter: true,
      versions: { min: 1, max: 1 },
      spkiPins: [],
    });
  }
  const places = (voters: readonly number[]): Map<number, GroupPlacement> =>
    new Map([1, 2].map((group) => [group, { group, incarnation: 0, confIndex: 5, voters, learners: [] }]));
  const table = initialRoutingTable({ nodes: [1], dataGroups: 2, replicationFactor: 3 });
  return {
    ...EMPTY_METADATA,
    clusterId: 'aa'.repeat(16),
    replicationFactor: 3,
    topology,
    routing: { ...table, groups: places([1, 2, 3]) },
    targets: places([1, 2, 4]),
  };
}

test('groups that are kicked while both are busy do not do the same steps over and over, until group 0 has heard of them', async () => {
  const world = new VirtualWorld({ seed: 1, eventsPerInstantMax: 10_000 });
  const runtime = world.createRuntime();
  const state = unchangedState();
  let changes = 0;
  const driver = new PlacementDriver({
    runtime,
    state: () => state,
    acting: () => true,
    leaderOf: () => 1,
    learnLeader: () => undefined,
    isHere: () => true,
    openReplica: () => Promise.resolve(),
    changeMembership: async (_leader, { group }) => {
      changes++;
      // Longer than a turn, and not for all groups alike, so that each finds the other at work.
      for (let turn = 0; turn <= 10 + 3 * group; turn++)
        await new Promise<void>((resolve) => runtime.nextTurn(resolve));
    },
    decommission: () => Promise.resolve(),
  });
  driver.kick();
  await world.step();
  driver.kick();
  await world.advance(1_000);
  driver.stop();
  // Each group did its step, and once more for the kick that found it at work.
  expect(changes).toBe(4);
});

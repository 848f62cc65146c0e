import { utf8Encode } from '@flotilla/bytes';
import { promptTimers, type Runtime } from '@flotilla/runtime';
import { describe, expect, test } from 'vitest';
import { ClusterWorld, type ClusterWorldNode } from './world/cluster-world.js';

/** As in a page in the background: timers fire at whole multiples of `everyMs` only, what arrives and turns come at once. */
function inBackground(runtime: Runtime, everyMs: () => number): Runtime {
  const host: Runtime = {
    now: () => runtime.now(),
    wallClock: () => runtime.wallClock(),
    setTimer: (delayMs, callback) => {
      const due = Math.ceil((runtime.now() + delayMs) / everyMs()) * everyMs();
      return runtime.setTimer(due - runtime.now(), callback);
    },
    nextTurn: (callback) => runtime.nextTurn(callback),
    random: () => runtime.random(),
    randomBytes: (length) => runtime.randomBytes(length),
  };
  return promptTimers(host);
}

/** Three nodes, one of which is a page that comes to be in the background. */
async function background(): Promise<{
  readonly world: ClusterWorld;
  readonly nodes: readonly ClusterWorldNode[];
  readonly page: ClusterWorldNode;
  hide(everyMs: number): void;
}> {
  const world = new ClusterWorld({ config: { numGroups: 3 } });
  const page = world.node('b');
  let everyMs = 1;
  page.pace = (runtime) => inBackground(runtime, () => everyMs);
  const nodes = await world.startCluster('a', 'b', 'c');
  await world.until(() => world.settled(3));
  await world.until(() => [...world.leaderCounts().values()].every((count) => count === 1), 30_000);
  await world.virtual.advance(3_000);
  return { world, nodes, page, hide: (ms) => (everyMs = ms) };
}

const termsOf = (nodes: readonly ClusterWorldNode[]): number[] =>
  nodes.flatMap(({ node }) => node.groupStatuses().map(({ term }) => term));

describe('a node whose timers are held back', () => {
  test.each([1_000, 60_000])(
    'by %i ms: idle or busy, it leads on, nobody takes it for dead, and nothing is elected',
    async (everyMs) => {
      const { world, nodes, page, hide } = await background();
      const terms = termsOf(nodes);
      for (const { events } of nodes) events.length = 0;
      hide(everyMs);
      await world.virtual.advance(30_000);
      const led = page.node.groupStatuses().find(({ role }) => role === 'leader')?.group ?? 0;
      for (const group of [1, 2, 3]) {
        const leader = world.leader(group) as ClusterWorldNode;
        for (let at = 0; at < 20; at++) {
          await world.settle(leader.node.proposeToGroup(group, utf8Encode(`write ${at}`)));
          await world.virtual.advance(150);
        }
      }
      await world.virtual.advance(10_000);
      expect(termsOf(nodes)).toEqual(terms);
      expect(page.node.groupStatus(led).role).toBe('leader');
      for (const { events } of nodes) expect(events.filter(({ name }) => name.startsWith('peer.'))).toEqual([]);
      for (const { machines } of nodes) expect(machines.get(led)?.texts).toContain('write 19');
    },
  );

  test('it dies as fast as any other when its page is closed, and comes back to the front as it was', async () => {
    const { world, nodes, page, hide } = await background();
    hide(60_000);
    await world.virtual.advance(30_000);
    hide(1);
    const others = nodes.filter((node) => node !== page);
    const led = page.node.groupStatuses().find(({ role, group }) => role === 'leader' && group > 0)?.group ?? 1;
    page.crash();
    const since = world.virtual.now();
    await world.until(() => others.some(({ node }) => node.groupStatus(led).role === 'leader'), 5_000);
    expect(world.virtual.now() - since).toBeLessThan(2_500);
    await page.start();
    await world.allReady(page);
  });
});

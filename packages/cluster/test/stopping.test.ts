import type { Runtime, Timer } from '@flotilla/runtime';
import { describe, expect, test } from 'vitest';
import { ClusterWorld } from './world/cluster-world.js';

describe('a node that is stopped', () => {
  test.each([0, 1, 10, 500])(
    'while it asks its neighbours whether there is a cluster, %i ms after its start, founds none beside theirs',
    async (ms) => {
      const world = new ClusterWorld({ config: { numGroups: 1 } });
      const [a, b] = await world.startCluster('a', 'b');
      if (a === undefined || b === undefined) throw new Error('unreachable');
      const { clusterId } = b.node;
      a.crash();
      a.wipe();
      // The answer is on its way for longer than the node lives.
      world.network.clog('b', 'a');
      await a.start();
      await world.virtual.advance(ms);
      await a.stop();
      world.network.release('b', 'a');
      await a.start();
      await world.virtual.advance(5_000);
      expect([clusterId, undefined]).toContain(a.node.clusterId);
    },
  );

  test('at any moment of a join or a restart, twice and from two sides, ends, leaves no timers, and comes back', async () => {
    const problems: unknown[] = [];
    const world = new ClusterWorld({ config: { numGroups: 2 } });
    const [a] = await world.startCluster('a', 'b', 'c');
    if (a === undefined) throw new Error('unreachable');
    const d = world.node('d');
    const timers = new Set<Timer>();
    d.pace = (runtime) => counted(runtime, timers);
    for (let ms = 0; ms < 60; ms += 3) {
      // Every other time it joins as a new node; else it goes on from wherever it was stopped.
      if (ms % 2 === 0) d.wipe();
      await d.start({ seeds: [a.address], voter: false, learnerGroups: [1, 2] });
      await world.virtual.advance(ms);
      const { node, storage } = d;
      const stops = [node.stop(), node.stop()];
      await world.settle(Promise.all(stops));
      await world.settle(storage?.close() ?? Promise.resolve());
      expect(node.lifecycle.phase).toBe('stopping');
      await world.virtual.advance(10);
      if (timers.size > 0) problems.push([ms, timers.size]);
      timers.clear();
    }
    expect(problems).toEqual([]);
    await d.start({ seeds: [a.address], voter: false, learnerGroups: [1, 2] });
    await world.allReady(d);
  });

  test('closes what it was given although a listener cannot be closed, and says so; also where it failed before', async () => {
    for (const before of ['running', 'failed'] as const) {
      const world = new ClusterWorld({ config: { numGroups: 1 } });
      const { transport } = world.network;
      world.network.transport = (name, options) => {
        const made = transport.call(world.network, name, options);
        const { listen } = made;
        made.listen = async (address, given) => {
          const listener = await listen.call(made, address, given);
          const close = async (): Promise<void> => {
            await listener.close();
            throw new Error('the port is stuck');
          };
          return { address: listener.address, close, [Symbol.asyncDispose]: close };
        };
        return made;
      };
      const a = world.node('a');
      await a.start({ seeds: [a.address] });
      await world.allReady(a);
      if (before === 'failed') {
        await world.until(() => a.node.groupStatuses().every(({ role }) => role === 'leader'));
        a.files.onCall = ({ operation }) => (operation === 'writeAt' ? { kind: 'fail' } : undefined);
        await expect(world.settle(a.node.proposeToGroup(1, new Uint8Array(1)))).rejects.toThrow();
        await world.until(() => a.node.lifecycle.phase === 'failed');
        await world.virtual.advance(100);
      }
      const stopping = Promise.allSettled([a.node.stop()]);
      expect(await world.settle(stopping)).toMatchObject([{ reason: { message: 'the port is stuck' } }]);
      await expect(a.storage?.catalog.load()).rejects.toThrow('closed');
    }
  });
});

/** A runtime whose timers that are set, and neither cancelled nor fired, stand in a set. */
function counted(runtime: Runtime, timers: Set<Timer>): Runtime {
  return {
    now: () => runtime.now(),
    wallClock: () => runtime.wallClock(),
    setTimer: (ms, callback) => {
      const inner = runtime.setTimer(ms, () => {
        timers.delete(timer);
        callback();
      });
      const timer: Timer = {
        cancel: () => {
          timers.delete(timer);
          inner.cancel();
        },
      };
      timers.add(timer);
      return timer;
    },
    nextTurn: (callback) => runtime.nextTurn(callback),
    random: () => runtime.random(),
    randomBytes: (length) => runtime.randomBytes(length),
  };
}

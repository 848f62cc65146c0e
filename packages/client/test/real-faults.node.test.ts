import { isFlotillaError } from '@flotilla/errors';
import { delay } from '@flotilla/runtime';
import { describe, expect, test } from 'vitest';
import type { FlotillaClient } from '../src/index.js';
import { RealCluster } from './real-cluster.js';

interface Tally {
  acknowledged: number;
  unknown: number;
  /** Value of the last put that was acknowledged, where no unknown one came after it. */
  last: string | undefined;
}

/** Puts one after the other to a key of its own, until told to stop, and keeps count of what is known of each. */
async function writer(
  cluster: RealCluster,
  client: FlotillaClient,
  key: string,
  running: () => boolean,
): Promise<Tally> {
  const runtime = cluster.world.createRuntime();
  const tally: Tally = { acknowledged: 0, unknown: 0, last: undefined };
  for (let at = 0; running(); at++) {
    await delay(runtime, runtime.random() * 40);
    try {
      const { revision } = await client.put(key, String(at));
      expect(revision).toBeGreaterThan(1);
      tally.acknowledged++;
      tally.last = String(at);
      const read = await client.get(key);
      expect(Number(read?.text())).toBe(at);
    } catch (error) {
      if (!isFlotillaError(error)) throw error;
      if (error.outcome === 'unknown') {
        tally.unknown++;
        tally.last = undefined;
      }
    }
  }
  return tally;
}

async function killLeaders(cluster: RealCluster, rounds: number): Promise<void> {
  const runtime = cluster.world.createRuntime();
  for (let round = 0; round < rounds; round++) {
    await delay(runtime, 300 + runtime.random() * 700);
    const victim = cluster.leader(1 + (round % 3));
    if (victim === undefined) continue;
    victim.crash();
    await delay(runtime, 1_000);
    await victim.start();
  }
}

async function breakConnections(cluster: RealCluster, running: () => boolean): Promise<void> {
  const runtime = cluster.world.createRuntime();
  while (running()) {
    await delay(runtime, 20 + runtime.random() * 60);
    const node = `n${1 + Math.floor(runtime.random() * 3)}`;
    cluster.network.breakConnections('client1', node, {
      inFlight: runtime.random() < 0.5 ? 'dropped' : 'delivered',
    });
  }
}

describe('with real nodes that fail', () => {
  test.each([1, 2])(
    'leaders die and connections break under load: no acknowledged write is lost, none is applied twice (seed %i)',
    async (seed) => {
      const cluster = await RealCluster.start({ seed });
      const client = await cluster.connect();
      let running = true;
      const keys = Array.from({ length: 6 }, (_, at) => `key${at}`);
      const writers = keys.map((key) => writer(cluster, client, key, () => running));
      const seen = new Map<string, number[]>();
      const watch = client.watch({ prefix: 'key' });
      await cluster.settle(watch.started);
      const watching = (async () => {
        for await (const { kv } of watch.events()) {
          const versions = seen.get(kv.keyText()) ?? [];
          versions.push(kv.version);
          seen.set(kv.keyText(), versions);
        }
      })();
      const breaking = breakConnections(cluster, () => running);
      await cluster.settle(killLeaders(cluster, 4));
      running = false;
      const tallies = await cluster.settle(Promise.all(writers));
      await cluster.settle(breaking);
      const pairs = await cluster.settle(Promise.all(keys.map((key) => client.get(key))));
      for (const [at, key] of keys.entries()) {
        const { acknowledged, unknown, last } = tallies[at] as Tally;
        const version = pairs[at]?.version ?? 0;
        expect(acknowledged).toBeGreaterThan(5);
        expect(version).toBeGreaterThanOrEqual(acknowledged);
        expect(version).toBeLessThanOrEqual(acknowledged + unknown);
        if (last !== undefined) expect(pairs[at]?.text()).toBe(last);
        await cluster.world.runUntil(() => seen.get(key)?.at(-1) === version);
        // From the first that the watch was there for, every version once and in order.
        const [first = 1] = seen.get(key) ?? [];
        const versions = Array.from({ length: version - first + 1 }, (_, step) => first + step);
        expect(seen.get(key)).toEqual(versions);
      }
      watch.close();
      await cluster.settle(watching);
      await cluster.settle(client.close());
    },
  );

  test('without sessions no write is applied twice either, and an unknown outcome is told', async () => {
    const cluster = await RealCluster.start({ seed: 9 });
    const client = await cluster.connect({ sessions: 'off' });
    let running = true;
    const keys = Array.from({ length: 6 }, (_, at) => `key${at}`);
    const writers = keys.map((key) => writer(cluster, client, key, () => running));
    const breaking = breakConnections(cluster, () => running);
    await cluster.settle(killLeaders(cluster, 3));
    running = false;
    const tallies = await cluster.settle(Promise.all(writers));
    await cluster.settle(breaking);
    expect(tallies.reduce((sum, { unknown }) => sum + unknown, 0)).toBeGreaterThan(0);
    for (const [at, key] of keys.entries()) {
      const { acknowledged, unknown } = tallies[at] as Tally;
      const version = (await cluster.settle(client.get(key)))?.version ?? 0;
      expect(version).toBeGreaterThanOrEqual(acknowledged);
      expect(version).toBeLessThanOrEqual(acknowledged + unknown);
    }
  });
});

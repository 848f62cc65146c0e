import { describe, expect, test } from 'vitest';
import { RealCluster } from './real-cluster.js';

describe('with real nodes', () => {
  test('what is put is read back, scanned in order, changed in transactions and watched', async () => {
    const cluster = await RealCluster.start();
    const client = await cluster.connect();
    const watch = client.watch({ prefix: 'k' }, { prevKv: true });
    await cluster.settle(watch.started);
    const keys = Array.from({ length: 60 }, (_, at) => `k${String(at).padStart(3, '0')}`);
    await cluster.settle(Promise.all(keys.map((key) => client.put(key, `${key}!`))));
    const page = await cluster.settle(client.range({ prefix: 'k' }, { limit: 25 }));
    expect(page.kvs.map((pair) => pair.text())).toEqual(keys.slice(0, 25).map((key) => `${key}!`));
    // The next page is as of the first one's revisions, whatever was written since.
    await cluster.settle(client.delete({ prefix: 'k' }));
    const rest = await cluster.settle(client.range({ prefix: 'k' }, { limit: 100, cursor: page.cursor as string }));
    expect(rest.kvs.map((pair) => pair.keyText())).toEqual(keys.slice(25));
    expect((await cluster.settle(client.range({ prefix: 'k' }))).count).toBe(0);
    const seen: string[] = [];
    const follow = (async () => {
      for await (const { type, kv } of watch.events()) {
        seen.push(`${type} ${kv.keyText()}`);
        if (seen.length === 120) return;
      }
    })();
    await cluster.settle(follow);
    expect(seen.filter((text) => text.startsWith('put')).toSorted()).toEqual(keys.map((key) => `put ${key}`));
    expect(seen.filter((text) => text.startsWith('delete')).toSorted()).toEqual(keys.map((key) => `delete ${key}`));
    await cluster.settle(client.close());
  });

  test('an idle session expires on the servers, and the next write goes on in a new one', async () => {
    const cluster = await RealCluster.start({ seed: 5 });
    const client = await cluster.connect({ requestTimeoutMs: 2_000, sessionTtlMs: 4_000 });
    await cluster.settle(client.put('a', '1'));
    await cluster.world.advance(30_000);
    await cluster.settle(client.put('a', '2'));
    const pair = await cluster.settle(client.get('a'));
    expect([pair?.text(), pair?.version]).toEqual(['2', 2]);
  });

  test('operators see every node and group, also while one is down, and hand leadership over', async () => {
    const cluster = await RealCluster.start({ seed: 6 });
    const admin = cluster.admin();
    const up = await cluster.settle(admin.statuses());
    expect(up.map((answer) => answer.reachable && answer.report.lifecycle)).toEqual(['ready', 'ready', 'ready']);
    expect((await cluster.settle(admin.members.list())).map(({ id }) => id)).toEqual([1, 2, 3]);
    const [, first] = await cluster.settle(admin.groups());
    expect(first).toMatchObject({ group: 1, voters: [1, 2, 3] });
    const to = [1, 2, 3].find((id) => id !== first?.leader) as number;
    await cluster.settle(admin.transfer(1, to));
    expect((await cluster.settle(admin.groups()))[1]?.leader).toBe(to);
    cluster.named('n2').crash();
    const down = await cluster.settle(admin.statuses());
    expect(down.map((answer) => answer.reachable)).toEqual([true, false, true]);
    expect(down[1]).toMatchObject({ id: 2, endpoint: 'mem://n2:1', error: { code: expect.any(String) } });
    expect((await cluster.settle(admin.nodeStatus('mem://n1:1'))).id).toBe(1);
    await cluster.settle(admin.close());
  });
});

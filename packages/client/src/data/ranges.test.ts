import { FlotillaError } from '@flotilla/errors';
import { decodeCommand } from '@flotilla/kv/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FlotillaClient, type KeySelector, type KeyValuePair, op, missing } from '../index.js';
import { FakeCluster } from '../testdata/fake-cluster.js';

async function filled(count: number, groups = 3): Promise<{ cluster: FakeCluster; client: FlotillaClient }> {
  const cluster = await FakeCluster.start(3, groups);
  const client = await cluster.connect();
  const keys = Array.from({ length: count }, (_, at) => `k${String(at).padStart(4, '0')}`);
  await cluster.settle(Promise.all(keys.map((key) => client.put(key, `${key}!`))));
  return { cluster, client };
}

const names = (pairs: readonly KeyValuePair[]): string[] => pairs.map((pair) => pair.keyText());

async function scanned(client: FlotillaClient, selector: KeySelector, options = {}): Promise<string[]> {
  const keys: string[] = [];
  for await (const pair of client.scan(selector, options)) keys.push(pair.keyText());
  return keys;
}

describe('a range over all groups', () => {
  test('comes in order of keys, whatever group they lie in', async () => {
    const { cluster, client } = await filled(100);
    const { kvs, count, more } = await cluster.settle(client.range({ prefix: 'k' }));
    expect(names(kvs)).toEqual(names(kvs).toSorted());
    expect([kvs.length, count, more]).toEqual([100, 100, false]);
    expect(new Set(cluster.groups.map(({ pairs }) => pairs.size > 0))).toEqual(new Set([true]));
  });

  test('comes in pages that a cursor continues, each pair once, at the revisions of the first page', async () => {
    const { cluster, client } = await filled(100);
    const seen: string[] = [];
    let cursor: string | undefined;
    let pages = 0;
    for (let more = true; more; pages++) {
      const page = await cluster.settle(
        client.range({ prefix: 'k' }, { limit: 7, ...(cursor === undefined ? {} : { cursor }) }),
      );
      expect(page.count).toBe(100 - seen.length);
      seen.push(...names(page.kvs));
      ({ cursor, more } = page);
    }
    expect(seen).toEqual(Array.from({ length: 100 }, (_, at) => `k${String(at).padStart(4, '0')}`));
    expect(pages).toBe(15);
    const reads = cluster.nodes.flatMap(({ heard }) => heard.filter(({ kind }) => kind === 'read'));
    expect(reads.length).toBe(15 * 3);
    const revisions = reads.map((message) => {
      if (message.kind !== 'read') return undefined;
      const { operation } = decodeCommand(message.command);
      return operation.kind === 'range' ? `${message.group}@${operation.revision}` : undefined;
    });
    const now = cluster.groups.map(({ group, revision }) => `${group}@${revision}`);
    expect(new Set(revisions)).toEqual(new Set(['1@0', '2@0', '3@0', ...now]));
  });

  test('descends, and its pages too', async () => {
    const { cluster, client } = await filled(20);
    const first = await cluster.settle(client.range({ prefix: 'k' }, { limit: 5, sortOrder: 'descend' }));
    expect(names(first.kvs)).toEqual(['k0019', 'k0018', 'k0017', 'k0016', 'k0015']);
    const next = await cluster.settle(
      client.range({ prefix: 'k' }, { limit: 3, sortOrder: 'descend', cursor: first.cursor as string }),
    );
    expect(names(next.kvs)).toEqual(['k0014', 'k0013', 'k0012']);
  });

  test('counts over all groups without pairs', async () => {
    const { cluster, client } = await filled(50);
    const { kvs, count, more, cursor } = await cluster.settle(client.range({ prefix: 'k' }, { countOnly: true }));
    expect([kvs.length, count, more, cursor]).toEqual([0, 50, false, undefined]);
  });

  test('at one revision is refused: groups count for themselves; a hash tag or a pinned keyspace is not', async () => {
    const { cluster, client } = await filled(5);
    expect(await cluster.failure(client.range({ prefix: 'k' }, { revision: 2 }))).toMatchObject({
      code: 'InvalidArgument',
      details: { argument: 'revision' },
    });
    await cluster.settle(client.range({ prefix: '{tag}' }, { revision: 2 }));
    await cluster.settle(client.range({ prefix: 'k' }, { revision: 1, keyspace: 2 }));
  });

  test('with a cursor of another range, or of none, is refused', async () => {
    const { cluster, client } = await filled(30);
    const { cursor } = await cluster.settle(client.range({ prefix: 'k' }, { limit: 3 }));
    for (const given of [cursor as string, 'nonsense', '']) {
      expect(await cluster.failure(client.range({ prefix: 'j' }, { cursor: given }))).toMatchObject({
        code: 'CursorInvalid',
      });
    }
  });

  test.each([
    ['one key', 'k0003', ['k0003']],
    ['a key and an end', { key: 'k0002', end: 'k0004' }, ['k0002', 'k0003']],
    ['from a key on', { from: 'k0008' }, ['k0008', 'k0009']],
    ['all keys', { prefix: '' }, Array.from({ length: 10 }, (_, at) => `k000${at}`)],
    ['bytes', new TextEncoder().encode('k0001'), ['k0001']],
  ] as const)('selects %s', async (_, selector, expected) => {
    const { cluster, client } = await filled(10);
    const { kvs } = await cluster.settle(client.range(selector));
    expect(names(kvs)).toEqual(expected);
    expect(await cluster.settle(scanned(client, selector))).toEqual(expected);
  });
});

describe('a scan', () => {
  test('gives every pair once, in order, in both directions, from short pages', async () => {
    const { cluster, client } = await filled(100);
    const all = Array.from({ length: 100 }, (_, at) => `k${String(at).padStart(4, '0')}`);
    expect(await cluster.settle(scanned(client, { prefix: 'k' }, { bufferedPairsMax: 9 }))).toEqual(all);
    expect(
      await cluster.settle(scanned(client, { prefix: 'k' }, { bufferedPairsMax: 9, sortOrder: 'descend' })),
    ).toEqual(all.toReversed());
  });

  test('equals a sort of the keys, whatever they are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.string({ minLength: 1, maxLength: 4 }), { maxLength: 30 }), async (keys) => {
        const cluster = await FakeCluster.start(1, 4);
        const client = await cluster.connect({ sessions: 'off' });
        await cluster.settle(Promise.all(keys.map((key) => client.put(key, ''))));
        const wanted = new Set(keys.map((key) => Array.from(new TextEncoder().encode(key)).join(' ')));
        const found: string[] = [];
        await cluster.settle(
          (async () => {
            for await (const { key } of client.scan({ prefix: '' }, { bufferedPairsMax: 6 })) found.push(key.join(' '));
          })(),
        );
        expect(new Set(found)).toEqual(wanted);
        expect(found.length).toBe(wanted.size);
      }),
      { numRuns: 20 },
    );
  });
});

describe('a delete', () => {
  test('of a prefix is done by every group, and counted together', async () => {
    const { cluster, client } = await filled(40);
    const { deleted, prevKvs, writes } = await cluster.settle(client.delete({ prefix: 'k' }, { prevKv: true }));
    expect(deleted).toBe(40);
    expect(names(prevKvs)).toEqual(names(prevKvs).toSorted());
    expect(writes.map(({ group }) => group)).toEqual([1, 2, 3]);
    expect((await cluster.settle(client.range({ prefix: 'k' }))).count).toBe(0);
  });

  test('that one group refuses after another has done its part has an unknown outcome', async () => {
    const { cluster, client } = await filled(40);
    const refusal = new FlotillaError('LimitExceeded', {
      message: 'too many',
      details: { limit: 'x', maximum: 1, actual: 2 },
    });
    cluster.node(2).script = ({ kind }) => (kind === 'propose' ? refusal : undefined);
    expect(await cluster.failure(client.delete({ prefix: 'k' }))).toMatchObject({
      code: 'LimitExceeded',
      outcome: 'unknown',
    });
  });
});

describe('a transaction', () => {
  test('is built or given whole, and done in one step', async () => {
    const cluster = await FakeCluster.start();
    const client = await cluster.connect();
    const built = await cluster.settle(
      client.txn().if(missing('{t}a')).do(op.put('{t}a', '1'), op.get('{t}a')).else(op.get('{t}b')).commit(),
    );
    expect(built.succeeded).toBe(true);
    expect(built.results.map(({ kind }) => kind)).toEqual(['put', 'range']);
    const given = await cluster.settle(client.txn({ success: [op.delete({ prefix: '{t}' }, { prevKv: true })] }));
    expect(given.results).toMatchObject([{ kind: 'delete', deleted: 1 }]);
  });

  test('may be awaited before it is done', async () => {
    const cluster = await FakeCluster.start();
    const client = await cluster.connect();
    const builder = await client.txn().do(op.put('a', '1'));
    expect(cluster.heard('propose')).toBe(0);
    await cluster.settle(builder.commit());
    expect(cluster.groupOf('a').applied).toEqual(['a']);
  });

  test('over two vShards is refused, with both, before anything is sent', async () => {
    const cluster = await FakeCluster.start();
    const client = await cluster.connect();
    const error = await cluster.failure(client.txn({ success: [op.put('a', '1'), op.put('b', '2')] }));
    expect(error).toMatchObject({ code: 'TxnSpansVShards', outcome: 'definite' });
    expect(error.details).toEqual({ first: expect.any(Number), second: expect.any(Number) });
    expect(await cluster.failure(client.txn({}))).toMatchObject({ code: 'InvalidArgument' });
    expect(await cluster.failure(client.txn({ success: [op.put('a', '1'), op.put('a', '2')] }))).toMatchObject({
      code: 'InvalidArgument',
    });
    expect(cluster.heard('propose')).toBe(0);
  });

  test('of a pinned keyspace may touch any of its keys', async () => {
    const cluster = await FakeCluster.start();
    const client = await cluster.connect();
    const { group } = await cluster.settle(
      client.txn({ success: [op.put('a', '1'), op.put('b', '2')] }, { keyspace: 2 }),
    );
    expect(group).toBe(2);
  });
});

describe('a compaction', () => {
  test('is of one group, or of all groups of a cursor', async () => {
    const { cluster, client } = await filled(20);
    expect(await cluster.settle(client.compact({ group: 2, revision: 3 }))).toMatchObject([{ group: 2 }]);
    expect(await cluster.settle(client.compact({ keyspace: 3, revision: 3 }))).toMatchObject([{ group: 3 }]);
    const { cursor } = await cluster.settle(client.range({ prefix: 'k' }));
    const all = await cluster.settle(client.compact({ cursor: cursor as string, selector: { prefix: 'k' } }));
    expect(all.map(({ group }) => group)).toEqual([1, 2, 3]);
    expect(await cluster.failure(client.compact({ keyspace: 0, revision: 3 }))).toMatchObject({
      code: 'InvalidArgument',
    });
  });
});

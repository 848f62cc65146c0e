import { utf8Encode } from '@flotilla/bytes';
import type { Catalog } from '@flotilla/storage';
import { describe, expect, test } from 'vitest';
import { EMPTY_METADATA } from '../metadata/metadata-state.js';
import { NodeCatalog, type NodeRecord } from './node-catalog.js';

/** A catalog in memory that counts its transactions. */
class MemoryCatalog implements Catalog {
  values = new Map<string, Uint8Array>();
  readonly saves: string[][] = [];
  failNext = false;
  load = () => Promise.resolve(new Map(this.values));
  save = async (changes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void> => {
    await Promise.resolve();
    if (this.failNext) {
      this.failNext = false;
      throw new Error('disk');
    }
    this.saves.push([...changes.keys()]);
    for (const [name, bytes] of changes) {
      if (bytes === undefined) this.values.delete(name);
      else this.values.set(name, bytes);
    }
  };
  close = () => Promise.resolve();
  [Symbol.asyncDispose] = () => Promise.resolve();
}

const held = [
  { group: 0, worker: 0, incarnation: 0, founders: [1], established: true },
  { group: 3, worker: 1, incarnation: 77, founders: undefined, established: false },
];

describe("a node's catalog", () => {
  test('a fresh one says nothing', async () => {
    const record = await new NodeCatalog(new MemoryCatalog()).load();
    expect(record).toEqual({
      incarnation: undefined,
      clusterId: undefined,
      nodeId: 0,
      clusterEpoch: 0,
      hostEpoch: 0,
      groups: [],
      metadata: EMPTY_METADATA,
    } satisfies NodeRecord);
  });

  test('membership is saved in one transaction and read back whole', async () => {
    const disk = new MemoryCatalog();
    const catalog = new NodeCatalog(disk);
    await catalog.saveStart('0123456789abcdef', 3);
    const metadata = {
      ...EMPTY_METADATA,
      index: 9,
      clusterId: 'cd'.repeat(16),
      replicationFactor: 3,
      epoch: 2,
      epochTerm: 4,
    };
    await catalog.saveMembership({ clusterId: 'cd'.repeat(16), nodeId: 5, clusterEpoch: 2, groups: held, metadata });
    expect(disk.saves).toHaveLength(2);
    expect(await new NodeCatalog(disk).load()).toEqual({
      incarnation: '0123456789abcdef',
      clusterId: 'cd'.repeat(16),
      nodeId: 5,
      clusterEpoch: 2,
      hostEpoch: 3,
      groups: held,
      metadata,
    });
  });

  test('saves that follow each other quickly are merged, the last value wins, and each caller waits for its own', async () => {
    const disk = new MemoryCatalog();
    const catalog = new NodeCatalog(disk);
    await Promise.all([1, 2, 3, 4].map((epoch) => catalog.saveClusterEpoch(epoch)));
    expect(disk.saves.length).toBeLessThan(4);
    expect((await catalog.load()).clusterEpoch).toBe(4);
  });

  test('a save that failed is told to its caller, and the next one works', async () => {
    const disk = new MemoryCatalog();
    const catalog = new NodeCatalog(disk);
    disk.failNext = true;
    await expect(catalog.saveClusterEpoch(1)).rejects.toThrow('disk');
    await catalog.saveClusterEpoch(2);
    expect((await catalog.load()).clusterEpoch).toBe(2);
    await catalog.settled();
  });

  test.each(['incarnation', 'cluster-id', 'node-id', 'groups', 'metadata'])(
    'a damaged %s is StorageCorrupt',
    async (name) => {
      const disk = new MemoryCatalog();
      disk.values.set(name, utf8Encode(''));
      await expect(new NodeCatalog(disk).load()).rejects.toMatchObject({
        code: 'StorageCorrupt',
        details: { path: `catalog/${name}` },
      });
    },
  );

  test('a list of groups of a later version is refused', async () => {
    const disk = new MemoryCatalog();
    disk.values.set('groups', new Uint8Array([9, 0]));
    await expect(new NodeCatalog(disk).load()).rejects.toMatchObject({ code: 'IncompatibleVersion' });
  });
});

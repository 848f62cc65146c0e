import type { TlsIdentity } from '@flotilla/transport';
import { describe, expect, test } from 'vitest';
import { CLUSTER, LinkWorld } from './testdata/link-world.js';

describe('hellos between nodes', () => {
  test('a node of another cluster, and one with another disk, are refused by both sides', async () => {
    const world = new LinkWorld(1, 2);
    const one = await world.start(1);
    const two = await world.start(2);
    two.clusterId = 'bb'.repeat(16);
    world.link([1, one], [2, two]);
    await world.virtual.advance(3_000);
    expect(one.links.isConnected(2)).toBe(false);
    expect(one.links.report()[0]?.error).toMatch(/WrongCluster/);
    two.clusterId = CLUSTER;
    world.know(2, { incarnation: 'f'.repeat(16) });
    await world.virtual.advance(3_000);
    expect(one.links.isConnected(2)).toBe(false);
    expect(two.disowned).toMatchObject({ code: 'UnknownIncarnation', details: { node: 2 } });
  });
});

describe('links between nodes with certificates', () => {
  const certificate = (key: number, ...names: string[]): TlsIdentity => ({
    spkiSha256: new Uint8Array(32).fill(key),
    names,
  });
  const pin = (key: number): string => key.toString(16).padStart(2, '0').repeat(32);

  test.each<[string, TlsIdentity, TlsIdentity, boolean]>([
    ['their own', certificate(1, 'node-1.node.flotilla'), certificate(2, 'node-2.node.flotilla'), true],
    ['any of the authority', certificate(1, 'node.flotilla'), certificate(2, 'node.flotilla'), true],
    ["another node's, where it dials", certificate(1, 'node-3.node.flotilla'), certificate(2, 'node.flotilla'), false],
    [
      "another node's, where it listens",
      certificate(1, 'node.flotilla'),
      certificate(2, 'node-1.node.flotilla'),
      false,
    ],
    ["a client's", certificate(1, 'node.flotilla'), certificate(2, 'ann', 'client.flotilla'), false],
  ])('are there with certificates of %s or not at all', async (_, ofOne, ofTwo, linked) => {
    const world = new LinkWorld(1, 2);
    const one = await world.start(1, 1, ofOne);
    const two = await world.start(2, 1, ofTwo);
    world.link([1, one], [2, two]);
    await world.virtual.advance(5_000);
    expect([one.links.isConnected(2), two.links.isConnected(1)]).toEqual([linked, linked]);
    const refused = [...one.events, ...two.events].filter((event) => event.name === 'peer.refused');
    expect(refused.length > 0).toBe(!linked);
    const [link] = one.links.report();
    if (!linked) expect(link?.error).toContain('certificate');
  });

  test('a key off the record is refused on both sides, until it is put on it; one that is taken off breaks the link', async () => {
    const world = new LinkWorld();
    world.know(1, { spkiPins: [pin(1)] });
    world.know(2, { spkiPins: [pin(9)] });
    const one = await world.start(1, 1, certificate(1, 'node.flotilla'));
    const two = await world.start(2, 1, certificate(2, 'node.flotilla'));
    world.link([1, one], [2, two]);
    await world.virtual.advance(5_000);
    expect(one.links.isConnected(2)).toBe(false);
    expect(two.links.isConnected(1)).toBe(false);
    expect(one.links.report()[0]?.error).toContain(`members pin 2 --add ${pin(2)}`);
    world.know(2, { spkiPins: [pin(9), pin(2)] });
    world.link([1, one], [2, two]);
    await world.virtual.advance(5_000);
    expect(one.links.isConnected(2)).toBe(true);
    world.know(2, { spkiPins: [pin(2)] });
    world.link([1, one], [2, two]);
    await world.virtual.advance(1_000);
    expect(one.states).toEqual(['+2']);
    world.know(2, { spkiPins: [pin(9)] });
    world.link([1, one], [2, two]);
    await world.virtual.advance(5_000);
    expect([one.states, two.states]).toEqual([
      ['+2', '-2'],
      ['+1', '-1'],
    ]);
  });
});

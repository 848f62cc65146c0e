import { FlotillaError } from '@flotilla/errors';
import { describe, expect, test } from 'vitest';
import { leaderUnknown, redirect, throughLeader } from './through-leader.js';

const unreachable = (node: number) =>
  new FlotillaError('Unreachable', { message: `no link to node ${node}`, details: { address: `node ${node}` } });
const timeout = () =>
  new FlotillaError('Timeout', { message: 'no answer', details: { operation: 'propose', ms: 5_000 } });

interface Way {
  readonly leader: number | undefined;
  readonly forwarders?: readonly number[];
  readonly there?: (node: number) => string;
  readonly forwarded?: ((node: number) => string) | undefined;
}

/** What node 1 does to reach the leader of group 0, in order, and what comes of it. */
async function reach({ leader, forwarders = [2, 3, 4, 5, 6], there, forwarded }: Way) {
  const steps: string[] = [];
  let known = leader;
  const finder = {
    nodeId: 1,
    leaderOf: () => known,
    learnLeader: (_: number, next: number | undefined) => {
      known = next;
    },
    forwarders: () => forwarders,
  };
  const outcome = await throughLeader(finder, 0, {
    here: async () => 'here',
    there: async (node) => {
      steps.push(`${node}`);
      return (there ?? ((): string => 'there'))(node);
    },
    ...(forwarded === undefined
      ? {}
      : {
          forwarded: async (node: number) => {
            steps.push(`by ${node}`);
            return forwarded(node);
          },
        }),
  }).catch((error: unknown) => (error as FlotillaError).code);
  return { steps, outcome };
}

const fail = (error: FlotillaError) => (): never => {
  throw error;
};
const elsewhere = (node: number) => redirect({ ...idle, leaderOf: () => node });
const idle = { nodeId: 9, leaderOf: () => undefined, learnLeader: () => undefined, forwarders: () => [] };

describe('through the leader', () => {
  test('here, or there; never by way of others where that works', async () => {
    expect(await reach({ leader: 1, forwarded: () => 'forwarded' })).toEqual({ steps: [], outcome: 'here' });
    expect(await reach({ leader: 2, forwarded: () => 'forwarded' })).toEqual({ steps: ['2'], outcome: 'there' });
  });

  test('redirects are followed once, and then said', async () => {
    const there = (node: number): string => (node === 2 ? fail(elsewhere(3))() : 'there');
    expect(await reach({ leader: 2, there })).toEqual({ steps: ['2', '3'], outcome: 'there' });
    const astray = (node: number): string => fail(elsewhere(node + 1))();
    expect(await reach({ leader: 2, there: astray })).toEqual({ steps: ['2', '3'], outcome: 'NotLeader' });
  });

  test('a leader that is not linked with this node is reached by way of one that is, never by way of itself', async () => {
    const way = { leader: 2, there: fail(unreachable(2)), forwarded: () => 'forwarded' };
    expect(await reach(way)).toEqual({ steps: ['2', 'by 3'], outcome: 'forwarded' });
    expect(await reach({ ...way, forwarded: undefined })).toEqual({ steps: ['2'], outcome: 'Unreachable' });
    expect(await reach({ ...way, forwarders: [2] })).toEqual({ steps: ['2'], outcome: 'Unreachable' });
  });

  test('a leader that is not known here is asked by way of whoever knows it', async () => {
    const forwarded = (node: number): string => (node === 2 ? fail(leaderUnknown(0))() : 'forwarded');
    expect(await reach({ leader: undefined, forwarded })).toEqual({ steps: ['by 2', 'by 3'], outcome: 'forwarded' });
    expect(await reach({ leader: undefined })).toEqual({ steps: [], outcome: 'NotReady' });
  });

  test('three members are asked at most', async () => {
    const forwarded = fail(unreachable(9));
    expect(await reach({ leader: 9, there: fail(unreachable(9)), forwarded })).toEqual({
      steps: ['9', 'by 2', 'by 3', 'by 4'],
      outcome: 'Unreachable',
    });
  });

  test('what may have been done is not asked for again: no way is tried after an unknown outcome', async () => {
    expect(await reach({ leader: 2, there: fail(timeout()), forwarded: () => 'forwarded' })).toEqual({
      steps: ['2'],
      outcome: 'Timeout',
    });
    expect(await reach({ leader: 2, there: fail(unreachable(2)), forwarded: fail(timeout()) })).toEqual({
      steps: ['2', 'by 3'],
      outcome: 'Timeout',
    });
  });
});

import { FlotillaError } from '@flotilla/errors';
import { type Hello, WIRE_VERSIONS } from '@flotilla/wire';
import { describe, expect, test } from 'vitest';
import { findsCluster } from './membership-probe.js';

const hello = (clusterId: string | undefined): Hello => ({
  role: 'peer',
  versions: WIRE_VERSIONS,
  clusterId,
  nodeId: 0,
  incarnation: 'ab'.repeat(8),
  clusterEpoch: 0,
  hostEpoch: 1,
  addresses: [],
  capabilities: [],
});
const fresh = hello(undefined);
const member = hello('cd'.repeat(16));
const absent = new FlotillaError('Unreachable', { message: 'nobody', details: { address: 'mem://b' } });
const foreign = new FlotillaError('Unauthorized', { message: 'your certificate', details: { reason: 'expired' } });
const newer = new FlotillaError('IncompatibleVersion', { message: 'newer', details: { ours: '1', theirs: '2' } });

const probe = (...answers: (Hello | FlotillaError)[]): Promise<boolean> =>
  findsCluster(
    answers.map((_, place) => `mem://${place}`),
    async (address) => {
      const answer = answers[Number(address.slice(6))];
      if (answer === undefined || answer instanceof FlotillaError) throw answer;
      return answer;
    },
  );

describe('a founder asks its neighbours whether there is a cluster', () => {
  test('none, where they have none or are not there', async () => {
    expect(await probe()).toBe(false);
    expect(await probe(fresh, absent)).toBe(false);
  });

  test('one, where any of them belongs to it, whatever the others say', async () => {
    expect(await probe(foreign, absent, member)).toBe(true);
  });

  test.each([foreign, newer])('%s: nothing is founded beside who refuses', async (refusal) => {
    await expect(probe(fresh, absent, refusal)).rejects.toMatchObject({
      code: 'JoinRejected',
      details: { by: 'mem://2', reason: refusal.message },
      cause: { code: refusal.code },
    });
  });
});

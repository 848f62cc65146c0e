import { isFlotillaError } from '@flotilla/errors';
import type { NodeInfo } from '@flotilla/routing';
import type { RemoteIdentity } from '@flotilla/transport';
import type { Hello } from '@flotilla/wire';
import { describe, expect, test } from 'vitest';
import { judgeCertificate, judgeClient, judgeMember, judgeRequestedId, type LocalIdentity } from './hello-judgement.js';

const local: LocalIdentity = {
  clusterId: 'c1'.repeat(16),
  nodeId: 1,
  incarnation: '1'.repeat(16),
  clusterEpoch: 4,
  hostEpoch: 2,
  addresses: [],
};
const hello: Hello = {
  role: 'peer',
  versions: { min: 1, max: 1 },
  clusterId: local.clusterId,
  nodeId: 2,
  incarnation: '2'.repeat(16),
  clusterEpoch: 4,
  hostEpoch: 1,
  addresses: [],
  capabilities: [],
};
const remote: RemoteIdentity = { address: 'ws://127.0.0.1:7002', tls: undefined, loopback: true };
const node = (id: number, more: Partial<NodeInfo> = {}): NodeInfo => ({
  id,
  name: undefined,
  addresses: [],
  state: 'active',
  incarnation: String(id).repeat(16),
  voter: true,
  versions: { min: 1, max: 1 },
  spkiPins: [],
  ...more,
});
const directory = (id: number): NodeInfo | undefined =>
  ({ 2: node(2), 3: node(3, { state: 'decommissioned' }), 4: node(4, { spkiPins: ['ab'.repeat(32)] }) })[id];

function verdict(
  changes: Partial<Hello>,
  from: Partial<RemoteIdentity> = {},
  own: Partial<LocalIdentity> = {},
  expected?: number,
): string {
  try {
    judgeMember({ ...hello, ...changes }, { ...remote, ...from }, { ...local, ...own }, directory, expected);
    return 'accepted';
  } catch (error) {
    return isFlotillaError(error) ? error.code : String(error);
  }
}

describe('the hello of a member', () => {
  test('keys on record are held against what is shown; where the platform judged it and shows none, by the host, there is nothing to hold', () => {
    const four = { nodeId: 4, incarnation: '4'.repeat(16) };
    const shown = (byte: number): Partial<RemoteIdentity> => ({
      tls: { spkiSha256: new Uint8Array(32).fill(byte), names: [] },
    });
    expect(verdict(four, shown(0xab))).toBe('accepted');
    expect(verdict(four, shown(0xac))).toBe('Unauthorized');
    expect(verdict(four)).toBe('Unauthorized');
    expect(verdict(four, { tlsUnseen: true })).toBe('accepted');
  });

  test.each<[string, Partial<Hello>, string]>([
    ['a member with the incarnation on record', {}, 'accepted'],
    ['another cluster', { clusterId: 'c2'.repeat(16) }, 'WrongCluster'],
    ['a node that belongs to none yet', { clusterId: undefined }, 'NotReady'],
    ['a node that is not known here yet', { nodeId: 9 }, 'NotReady'],
    ['another disk under a known id', { incarnation: '7'.repeat(16) }, 'UnknownIncarnation'],
    ['no disk at all under a known id', { incarnation: undefined }, 'UnknownIncarnation'],
    ['a node that was taken out', { nodeId: 3, incarnation: '3'.repeat(16) }, 'UnknownIncarnation'],
    ['another node with the own id', { nodeId: 1 }, 'NodeIdCollision'],
    ['this node itself', { nodeId: 1, incarnation: '1'.repeat(16) }, 'UnexpectedResponse'],
  ])('%s', (_, changes, expected) => {
    expect(verdict(changes)).toBe(expected);
  });

  test('while this node belongs to no cluster it takes nobody', () => {
    expect(verdict({}, {}, { clusterId: undefined })).toBe('NotReady');
  });

  test('behind a dialled address the expected node must answer', () => {
    expect(verdict({}, {}, {}, 2)).toBe('accepted');
    expect(verdict({}, {}, {}, 5)).toBe('UnexpectedResponse');
  });

  test('a recorded key must be shown', () => {
    const four = { nodeId: 4, incarnation: '4'.repeat(16) };
    const tls = (byte: number) => ({ tls: { spkiSha256: new Uint8Array(32).fill(byte), names: [] } });
    expect(verdict(four)).toBe('Unauthorized');
    expect(verdict(four, tls(0xab))).toBe('accepted');
    expect(verdict(four, tls(0xac))).toBe('Unauthorized');
  });
});

describe('the certificate of who says hello', () => {
  const showing = (...names: string[]): RemoteIdentity => ({
    ...remote,
    tls: { spkiSha256: new Uint8Array(32), names },
  });
  const judged = (judge: () => void): string => {
    try {
      judge();
      return 'accepted';
    } catch (error) {
      return isFlotillaError(error) ? `${error.code}: ${error.message}` : String(error);
    }
  };

  test.each<[string, readonly string[], Partial<Hello>, RegExp]>([
    ['a node, by a certificate that names no id', ['node.flotilla'], {}, /^accepted$/],
    ['a node, by a certificate that names it', ['node.flotilla', 'node-2.node.flotilla'], {}, /^accepted$/],
    ['a node, by a certificate of other rules', ['db-1.example'], {}, /^accepted$/],
    ['another node than the certificate names', ['node-3.node.flotilla'], {}, /^Unauthorized: .* node 2, .* node 3\b/],
    ['a node with a certificate of a client', ['ann', 'client.flotilla'], {}, /^Unauthorized: .*not a node's.*client/],
    ['a joiner with a certificate of a client', ['client.flotilla'], { clusterId: undefined, nodeId: 0 }, /^Unauth/],
    ['a joiner with the certificate of a node', ['node-3.node.flotilla'], { nodeId: 0 }, /^accepted$/],
    ['a client with a certificate of a client', ['client.flotilla'], { role: 'client' }, /^accepted$/],
    ['a client with a certificate of a node', ['node-3.node.flotilla'], { role: 'client' }, /^accepted$/],
  ])('%s', (_, names, changes, expected) => {
    expect(judged(() => judgeCertificate({ ...hello, ...changes }, showing(...names)))).toMatch(expected);
  });

  test('without TLS there is nothing to judge', () => {
    expect(judged(() => judgeCertificate(hello, remote))).toBe('accepted');
    expect(judged(() => judgeRequestedId(5, remote))).toBe('accepted');
  });

  test('a joiner becomes the node that its certificate names, or none', () => {
    const three = showing('node.flotilla', 'node-3.node.flotilla');
    expect(judged(() => judgeRequestedId(3, three))).toBe('accepted');
    expect(judged(() => judgeRequestedId(4, three))).toMatch(/^Unauthorized: .* node 4, .* node 3\b/);
    expect(judged(() => judgeRequestedId(0, three))).toMatch(/^Unauthorized: .* any id, .* node 3\b/);
    expect(judged(() => judgeRequestedId(0, showing('node.flotilla')))).toBe('accepted');
  });
});

describe('the hello of a client', () => {
  test('may not know the cluster, and must not take it for another', () => {
    const client: Hello = { ...hello, role: 'client', nodeId: 0, incarnation: undefined };
    expect(() => judgeClient({ ...client, clusterId: undefined }, remote, local)).not.toThrow();
    expect(() => judgeClient(client, remote, local)).not.toThrow();
    expect(() => judgeClient({ ...client, clusterId: 'ff'.repeat(16) }, remote, local)).toThrow(/WrongCluster/);
  });
});

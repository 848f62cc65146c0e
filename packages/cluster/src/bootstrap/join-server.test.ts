import { VirtualWorld } from '@flotilla/runtime/virtual';
import { WIRE_VERSIONS } from '@flotilla/wire';
import { expect, test } from 'vitest';
import type { Requester } from '../liveness/requester.js';
import { ClusterView } from '../metadata/cluster-view.js';
import { EMPTY_METADATA } from '../metadata/metadata-state.js';
import { JoinServer } from './join-server.js';

const request = {
  node: {
    id: 0,
    name: undefined,
    addresses: [],
    incarnation: 'ab'.repeat(8),
    voter: false,
    versions: WIRE_VERSIONS,
    spkiPins: [],
  },
  learnerOf: [],
};

function from(address: string): Requester {
  const hello = {
    role: 'peer' as const,
    versions: WIRE_VERSIONS,
    clusterId: undefined,
    nodeId: 0,
    incarnation: request.node.incarnation,
    clusterEpoch: 0,
    hostEpoch: 1,
    addresses: [],
    capabilities: [],
  };
  return { node: 0, hello, remote: { address, tls: undefined, loopback: true } };
}

function follower(addresses: readonly string[]): JoinServer {
  return new JoinServer({
    runtime: new VirtualWorld().createRuntime(),
    view: new ClusterView(EMPTY_METADATA),
    notReady: () => undefined,
    acting: () => false,
    leader: () => ({ node: 2, addresses }),
    propose: () => Promise.reject(new Error('a follower proposes nothing')),
    passOn: () => Promise.reject(new Error('nothing is to be passed on')),
    place: () => undefined,
  });
}

const { signal } = new AbortController();

test.each([
  ['ws://10.0.0.9:50000', 'ws://b:2'],
  ['quic://10.0.0.9:50000', 'quic://b:1'],
  ['wt://10.0.0.9:50000', 'quic://b:1'],
])('a joiner that came by %s is sent to %s: of the scheme by which it came, if there is one', async (joiner, to) => {
  const joining = follower(['quic://b:1', 'ws://b:2']).join(request, from(joiner), signal);
  await expect(joining).rejects.toMatchObject({ code: 'NotLeader', details: { leader: 2, address: to } });
});

test('a leader that only dials is named without an address: a member is to forward', async () => {
  const joining = follower([]).join(request, from('ws://10.0.0.9:50000'), signal);
  await expect(joining).rejects.toMatchObject({
    code: 'NotLeader',
    details: { leader: 2 },
    message: expect.stringContaining('cannot be dialled'),
  });
});

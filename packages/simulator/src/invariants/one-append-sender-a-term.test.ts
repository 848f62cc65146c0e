import { MessageType } from '@flotilla/raft-core';
import { describe, expect, test } from 'vitest';
import { OneAppendSenderATerm } from './one-append-sender-a-term.js';
import { SyntheticCluster } from './testdata/synthetic-cluster.js';

const cluster = (): SyntheticCluster =>
  new SyntheticCluster(new OneAppendSenderATerm()).opened().sends(1, { type: MessageType.App, to: 2, term: 2 });

describe('one sender of appends a term', () => {
  test('another in another term; votes and acknowledgements are everybody’s', () => {
    const c = cluster().sends(1, { type: MessageType.Heartbeat, to: 3, term: 2 });
    c.sends(2, { type: MessageType.AppResp, to: 1, term: 2 });
    expect(() => c.sends(2, { type: MessageType.App, to: 1, term: 3 })).not.toThrow();
  });

  test.each(['App', 'Heartbeat', 'Snap', 'TimeoutNow'] as const)('a second one sends %s', (type) => {
    const second = (): SyntheticCluster => cluster().sends(3, { type: MessageType[type], to: 2, term: 2 });
    expect(second).toThrow(
      /^one-append-sender-a-term: in term 2 of group 1 node 3 in life 1 of n3 sends as its leader, and node 1/,
    );
  });

  test('the same node in another life', () => {
    const second = (): SyntheticCluster => cluster().restarts(1).sends(1, { type: MessageType.App, to: 2, term: 2 });
    expect(second).toThrow(/^one-append-sender-a-term: .* node 1 in life 2 of n1 .* node 1 in life 1/);
  });
});

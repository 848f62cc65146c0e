import { createMessage, MessageType, TraceKind } from '@flotilla/raft-core';
import { describe, expect, test } from 'vitest';
import { ReadSafety } from './read-safety.js';
import { SyntheticCluster } from './testdata/synthetic-cluster.js';

function cluster(): SyntheticCluster {
  const c = new SyntheticCluster(new ReadSafety()).opened().elects(1, 2);
  c.proposes(1);
  return c.replicates(1).commits(1, 2);
}
const asks = (c: SyntheticCluster, node: number, context: number): SyntheticCluster =>
  c.traces(node, {
    kind: TraceKind.MessageReceived,
    message: createMessage({ type: MessageType.ReadIndex, to: node, from: 0, context }),
  });
const confirmed = (c: SyntheticCluster, node: number, context: number, index: number) => () =>
  c.traces(node, { kind: TraceKind.ReadConfirmed, index, context });

describe('read safety', () => {
  test('a read shows what was committed when it was asked for, not what was committed since', () => {
    const c = asks(cluster(), 3, 7);
    c.proposes(1);
    c.replicates(1).commits(1, 3);
    expect(confirmed(c, 3, 7, 2)).not.toThrow();
  });

  test('a leader that was deposed answers with what it has', () => {
    const c = cluster().elects(2, 3, [3]).replicates(2, [3]).commits(2, 3);
    expect(confirmed(asks(c, 1, 7), 1, 7, 2)).toThrow(
      /^read-safety: .* may serve read 7 at index 2, and 3 was committed when it was asked for/,
    );
  });

  test('a confirmation of before does not confirm a read of after with the same number', () => {
    const c = asks(cluster(), 3, 7);
    confirmed(c, 3, 7, 2)();
    c.proposes(1);
    c.replicates(1).commits(1, 3);
    expect(confirmed(asks(c, 3, 7), 3, 7, 2)).toThrow(/^read-safety: /);
  });

  test('a read that was passed on to the leader is the asker’s', () => {
    const c = cluster();
    const message = createMessage({ type: MessageType.ReadIndex, to: 1, from: 3, context: 7 });
    c.traces(1, { kind: TraceKind.MessageReceived, message });
    expect(confirmed(c, 1, 7, 1)).not.toThrow();
  });
});

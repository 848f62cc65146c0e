import { utf8Encode } from '@flotilla/bytes';
import { encodeSessionEnvelope } from '@flotilla/wire';
import { describe, expect, test } from 'vitest';
import { ExactlyOnce } from './exactly-once.js';
import { GROUP, SyntheticCluster } from './testdata/synthetic-cluster.js';

const clientId = new Uint8Array(16).fill(7);
const data = (sequence: number): Uint8Array =>
  encodeSessionEnvelope({ kind: 'command', clientId, vshard: 3, sequence, acknowledged: 0, command: utf8Encode('x') });
const ok = (text: string): Uint8Array => new Uint8Array([0, ...utf8Encode(text)]);
const refused = new Uint8Array([1, 2, 3]);

function applied(...steps: readonly (readonly [sequence: number, result: Uint8Array])[]): SyntheticCluster {
  const c = new SyntheticCluster(new ExactlyOnce()).opened();
  const commands = steps.map(([sequence], at) => ({ index: at + 1, term: 1, data: data(sequence) }));
  const replica = { ...c.id(1), group: GROUP };
  return c.observe({ kind: 'applied', replica, commands, results: steps.map(([, result]) => result) });
}

describe('exactly once', () => {
  test('a repeated command has the result that it had, or is refused', () => {
    expect(() => applied([1, ok('a')], [2, ok('b')], [1, ok('a')], [1, refused], [3, refused])).not.toThrow();
  });

  test('a repeated command with another result', () => {
    expect(() => applied([1, ok('a')], [2, ok('b')], [1, ok('c')])).toThrow(
      /^exactly-once: command 3 of group 1 was applied before/,
    );
  });

  test('bytes that are no envelope', () => {
    const c = new SyntheticCluster(new ExactlyOnce()).opened();
    const commands = [{ index: 1, term: 1, data: new Uint8Array([99, 1]) }];
    expect(() => c.observe({ kind: 'applied', replica: c.id(1), commands, results: [refused] })).not.toThrow();
  });
});

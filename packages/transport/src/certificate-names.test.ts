import { describe, expect, test } from 'vitest';
import { certificateClaims, isReservedName, nodeCertificateName } from './certificate-names.js';

describe('what the names of a certificate claim', () => {
  test.each<[string, readonly string[], ReturnType<typeof certificateClaims>]>([
    ['nothing where no name is below flotilla', ['db-1.example', 'node 1'], { kind: 'unnamed' }],
    ['nothing without names', [], { kind: 'unnamed' }],
    ['some node', ['n', 'node.flotilla'], { kind: 'node', nodeIds: [] }],
    ['one node', ['node.flotilla', 'node-12.node.flotilla'], { kind: 'node', nodeIds: [12] }],
    ['one node, by that name alone', ['node-3.node.flotilla'], { kind: 'node', nodeIds: [3] }],
    ['each node once, ascending', [12, 3, 12].map((id) => nodeCertificateName(id)), { kind: 'node', nodeIds: [3, 12] }],
    ['the same in capitals, and with the root dot', ['NODE-3.Node.Flotilla.'], { kind: 'node', nodeIds: [3] }],
    ['no node for a client', ['client.flotilla'], { kind: 'other' }],
    ['a node that is a client too', ['client.flotilla', 'node.flotilla'], { kind: 'node', nodeIds: [] }],
    ['no node for names that only look like one', ['node-03.node.flotilla', 'node-0.node.flotilla'], { kind: 'other' }],
    ['no node where one binding cannot be read', ['node.flotilla', 'node-03.node.flotilla'], { kind: 'other' }],
    ['no node for a wildcard', ['*.flotilla'], { kind: 'other' }],
    ['no node for the bare suffix', ['flotilla'], { kind: 'other' }],
    ['no id that is no safe integer', ['node-9999999999999999.node.flotilla'], { kind: 'other' }],
    ['nothing for a host whose name ends alike', ['myflotilla', 'node.flotilla.example'], { kind: 'unnamed' }],
  ])('%s', (_, names, claims) => {
    expect(certificateClaims(names)).toEqual(claims);
  });

  test('names below flotilla are reserved', () => {
    expect(['flotilla', 'x.flotilla', 'X.FLOTILLA.'].map(isReservedName)).toEqual([true, true, true]);
    expect(['flotilla.example', 'notflotilla'].map(isReservedName)).toEqual([false, false]);
  });
});

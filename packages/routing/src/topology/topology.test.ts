import { describe, expect, test } from 'vitest';
import {
  EMPTY_TOPOLOGY,
  type NodeInfo,
  nodeOfIncarnation,
  nodesInState,
  type NodeState,
  withNode,
  withNodeAddresses,
  withNodeState,
} from '../index.js';

const node = (id: number, fields: Partial<NodeInfo> = {}): NodeInfo => ({
  id,
  name: undefined,
  addresses: [`ws://127.0.0.1:${7000 + id}`],
  state: 'active',
  incarnation: id.toString(16).padStart(16, '0'),
  voter: true,
  versions: { min: 1, max: 1 },
  spkiPins: [],
  ...fields,
});

const three = [1, 3, 2].reduce((topology, id) => withNode(topology, node(id)), EMPTY_TOPOLOGY);

describe('a topology', () => {
  test('keeps its nodes by id, counts its versions, and remembers the highest id', () => {
    expect([...three.nodes.keys()]).toEqual([1, 2, 3]);
    expect(three.version).toBe(3);
    expect(three.lastNodeId).toBe(3);
    expect(nodeOfIncarnation(three, '0000000000000002')?.id).toBe(2);
    expect(nodeOfIncarnation(three, 'ffffffffffffffff')).toBeUndefined();
  });

  test('is immutable, and the same again changes nothing', () => {
    const next = withNodeAddresses(three, 2, ['ws://10.0.0.2:7000']);
    expect(next.version).toBe(4);
    expect(three.nodes.get(2)?.addresses).toEqual(['ws://127.0.0.1:7002']);
    expect(withNodeAddresses(next, 2, ['ws://10.0.0.2:7000'])).toBe(next);
    expect(withNode(three, node(2))).toBe(three);
    expect(withNodeState(three, 2, 'active')).toBe(three);
  });

  test.each<[NodeState, readonly NodeState[]]>([
    ['joining', ['active', 'learner', 'decommissioned']],
    ['active', ['draining', 'decommissioned']],
    ['learner', ['draining', 'decommissioned']],
    ['draining', ['active', 'learner', 'decommissioned']],
    ['decommissioned', []],
  ])('%s may become %j and nothing else', (from, allowed) => {
    const topology = withNode(EMPTY_TOPOLOGY, node(1, { state: from }));
    for (const to of ['joining', 'active', 'draining', 'decommissioned', 'learner'] as const) {
      if (to === from || allowed.includes(to)) expect(withNodeState(topology, 1, to).nodes.get(1)?.state).toBe(to);
      else expect(() => withNodeState(topology, 1, to)).toThrow('cannot become');
    }
  });

  test('a decommissioned node stays, so that its id is never given again', () => {
    const next = withNodeState(three, 3, 'decommissioned');
    expect(next.nodes.has(3)).toBe(true);
    expect(nodesInState(next, 'active').map(({ id }) => id)).toEqual([1, 2]);
  });

  test('another incarnation under a known id is refused', () => {
    expect(() => withNode(three, node(2, { incarnation: 'f'.repeat(16) }))).toThrow('another incarnation');
    expect(() => withNodeState(three, 9, 'active')).toThrow('there is no node 9');
  });

  test.each<[string, Partial<NodeInfo>]>([
    ['an id of 0', { id: 0 }],
    ['an id that is no integer', { id: 1.5 }],
    ['an empty name', { name: '' }],
    ['a long name', { name: 'n'.repeat(65) }],
    ['a bad address', { addresses: ['nonsense'] }],
    ['an address that is not canonical', { addresses: ['WS://a:1'] }],
    ['a port of 0', { addresses: ['ws://a:0'] }],
    ['too many addresses', { addresses: Array.from({ length: 17 }, (_, i) => `ws://a:${i + 1}`) }],
    ['a short incarnation', { incarnation: 'ab' }],
    ['an incarnation in capitals', { incarnation: 'A'.repeat(16) }],
    ['a short pin', { spkiPins: ['ab'] }],
    ['too many pins', { spkiPins: Array.from({ length: 9 }, () => 'a'.repeat(64)) }],
    ['versions upside down', { versions: { min: 2, max: 1 } }],
    ['version 0', { versions: { min: 0, max: 1 } }],
    ['an unknown state', { state: 'gone' as NodeState }],
    ['a state of Object.prototype', { state: 'constructor' as NodeState }],
  ])('a node with %s is refused', (_, fields) => {
    expect(() => withNode(three, node(4, fields))).toThrow('InvalidArgument');
  });
});

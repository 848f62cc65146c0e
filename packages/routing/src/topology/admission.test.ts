import { describe, expect, test } from 'vitest';
import {
  type AdmissionRequest,
  type ClusterTopology,
  decideAdmission,
  EMPTY_TOPOLOGY,
  type NodeInfo,
  withNode,
  withNodeState,
} from '../index.js';

const member: NodeInfo = {
  id: 2,
  name: 'b',
  addresses: ['ws://127.0.0.1:7002'],
  state: 'active',
  incarnation: '2'.repeat(16),
  voter: true,
  versions: { min: 1, max: 1 },
  spkiPins: [],
};
const topology: ClusterTopology = withNode(EMPTY_TOPOLOGY, member);

const request = (fields: Partial<AdmissionRequest> = {}): AdmissionRequest => ({
  id: 5,
  name: 'e',
  addresses: ['ws://127.0.0.1:7005'],
  incarnation: '5'.repeat(16),
  voter: true,
  versions: { min: 1, max: 1 },
  spkiPins: [],
  ...fields,
});

const own = { id: 2, incarnation: member.incarnation, addresses: member.addresses };

describe('admission', () => {
  test('a new id is let in, joining', () => {
    expect(decideAdmission(topology, request())).toEqual({ kind: 'new', node: { ...request(), state: 'joining' } });
  });

  test('without an id, the next one is given: above the highest that ever was', () => {
    expect(decideAdmission(topology, request({ id: 0 }))).toMatchObject({ kind: 'new', node: { id: 3 } });
    expect(decideAdmission(EMPTY_TOPOLOGY, request({ id: 0 }))).toMatchObject({ kind: 'new', node: { id: 1 } });
  });

  test('the same node again is idempotent, with its id or without, in whatever state it is', () => {
    expect(decideAdmission(topology, request(own))).toEqual({ kind: 'known', node: member });
    expect(decideAdmission(topology, request({ ...own, id: 0 }))).toEqual({ kind: 'known', node: member });
    const draining = withNodeState(topology, 2, 'draining');
    expect(decideAdmission(draining, request(own))).toMatchObject({ kind: 'known', node: { state: 'draining' } });
  });

  test('the same disk at other addresses has moved', () => {
    const moved = decideAdmission(topology, request({ ...own, addresses: ['ws://127.0.0.1:9999'] }));
    expect(moved).toEqual({ kind: 'moved', node: { ...member, addresses: ['ws://127.0.0.1:9999'] } });
  });

  test('a disk that is known by its key is let in again, at whatever addresses, with one of its keys only', () => {
    const pinned = withNode(topology, { ...member, spkiPins: ['ab'.repeat(32), 'cd'.repeat(32)] });
    const again = (spkiPins: readonly string[], fields: Partial<AdmissionRequest> = {}) =>
      decideAdmission(pinned, request({ ...own, spkiPins, ...fields }));
    expect(again(['cd'.repeat(32)])).toMatchObject({ kind: 'known', node: { spkiPins: expect.any(Array) } });
    const elsewhere = { addresses: ['ws://127.0.0.1:9999'] };
    expect(again(['cd'.repeat(32)], elsewhere)).toMatchObject({ kind: 'moved' });
    for (const shown of [[], ['ef'.repeat(32)]]) {
      for (const fields of [{}, elsewhere, { id: 0 }]) {
        expect(again(shown, fields)).toMatchObject({ kind: 'refused', error: { code: 'Unauthorized' } });
      }
    }
  });

  test('the order of addresses does not matter', () => {
    const two = withNode(topology, { ...member, addresses: ['ws://a:1', 'ws://b:1'] });
    expect(decideAdmission(two, request({ ...own, addresses: ['ws://b:1', 'ws://a:1'] })).kind).toBe('known');
  });

  test.each<[string, Partial<AdmissionRequest>, string]>([
    ['a known id at another address with another disk', { id: 2 }, 'NodeIdCollision'],
    ['a known id at its own address with another disk', { id: 2, addresses: member.addresses }, 'UnknownIncarnation'],
    ['a new id with the disk of another node', { incarnation: member.incarnation }, 'NodeIdCollision'],
    ['a bad address', { addresses: ['nonsense'] }, 'InvalidArgument'],
    ['an address with port 0', { addresses: ['ws://127.0.0.1:0'] }, 'InvalidArgument'],
    ['a pin of wrong length', { spkiPins: ['00'] }, 'InvalidArgument'],
    ['a negative id', { id: -1 }, 'InvalidArgument'],
  ])('%s is refused', (_, fields, code) => {
    const before = JSON.stringify([...topology.nodes]);
    const answer = decideAdmission(topology, request(fields));
    expect(answer).toMatchObject({ kind: 'refused', error: { code, outcome: 'definite' } });
    expect(JSON.stringify([...topology.nodes])).toBe(before);
  });

  test('a disk that only dials is known by its incarnation; a wiped one is not taken for it', () => {
    const dialling = withNode(EMPTY_TOPOLOGY, { ...member, addresses: [] });
    expect(decideAdmission(dialling, request({ ...own, addresses: [] })).kind).toBe('known');
    const wiped = decideAdmission(dialling, request({ id: 2, addresses: [] }));
    expect(wiped).toMatchObject({ kind: 'refused', error: { code: 'UnknownIncarnation' } });
  });

  test('the id of a decommissioned node is never used again, not even by itself', () => {
    const gone = withNodeState(topology, 2, 'decommissioned');
    for (const fields of [own, { ...own, id: 0 }, { id: 2 }]) {
      expect(decideAdmission(gone, request(fields))).toMatchObject({
        kind: 'refused',
        error: { code: 'NodeIdCollision' },
      });
    }
    expect(decideAdmission(gone, request({ id: 0 }))).toMatchObject({ kind: 'new', node: { id: 3 } });
  });

  test('a new node may take over the address of an old one', () => {
    expect(decideAdmission(topology, request({ id: 0, addresses: member.addresses })).kind).toBe('new');
  });
});
